import type { LockStoreError } from '../../errors.js';
import type { AcquireReply } from '../../line/store.js';
import { type Candidate, endOf } from './candidate.js';
import { silence } from './gather.js';
import type { QuorumNode } from './quorum-node.js';
import type { QuorumNodes } from './quorum-nodes.js';

/** What became of the last command to one node. */
export type Answer =
  | { readonly kind: 'pending' | 'voted' }
  | { readonly kind: 'failed'; readonly error: unknown }
  | Obstacle;

/** Why a node, or all together, did not grant. */
export type Obstacle =
  | { readonly kind: 'busy'; readonly lookInMs: number }
  | { readonly kind: 'conflict'; readonly capacity: number }
  | { readonly kind: 'refused' };

/** The answers to one ballot, and what they come to. What a node grants counts only while the node does. */
export class Tally {
  /** Its word goes before the majority's; undefined where none gives one. */
  lead: QuorumNode | undefined;
  private readonly answers: (Answer | undefined)[] = [];

  constructor(
    private readonly nodes: QuorumNodes,
    private readonly candidate: Candidate,
    private readonly keys: readonly string[],
  ) {}

  answerOf({ index }: QuorumNode): Answer | undefined {
    return this.answers[index];
  }

  isPending(node: QuorumNode): boolean {
    return this.answerOf(node)?.kind === 'pending';
  }

  /** Whoever waits for the candidate is told. */
  note({ index }: QuorumNode, answer: Answer): void {
    this.answers[index] = answer;
    this.candidate.wake?.();
  }

  noteReply(node: QuorumNode, reply: AcquireReply, sentMs: number): void {
    const { candidate, keys } = this;
    const notedMs = this.nodes.clock.nowMs();
    const grants = reply.kind === 'held' ? reply.grants : [];
    for (const [at, key] of keys.entries()) {
      const grant = grants[at];
      if (!grant) candidate.noteNone(node.index, key, sentMs);
      else {
        const { token, restMs } = grant;
        const vote = { token, endsMs: endOf(sentMs, restMs), notedMs, lives: node.lives };
        candidate.noteVote(node.index, key, vote);
      }
    }
    this.note(node, reply.kind === 'held' ? { kind: 'voted' } : reply);
  }

  /** A grant that has neither ended nor perhaps been forgotten. */
  hasVoteOf({ index, lives }: QuorumNode): boolean {
    const nowMs = this.nodes.clock.nowMs();
    return this.keys.every((key) => {
      const vote = this.candidate.voteOf(index, key);
      return vote !== undefined && vote.endsMs > nowMs && vote.lives === lives;
    });
  }

  /** Those whose grants count. */
  get voters(): QuorumNode[] {
    return this.nodes.all.filter((node) => node.counts && this.hasVoteOf(node));
  }

  /** Those who count and may still grant. */
  get open(): QuorumNode[] {
    return this.nodes.all.filter((node) => node.counts && this.isPending(node) && !this.hasVoteOf(node));
  }

  /** Those who count and have answered, whatever it was. */
  get reached(): QuorumNode[] {
    return this.nodes.all.filter((node) => {
      const answer = this.answerOf(node);
      return node.counts && answer !== undefined && answer.kind !== 'pending' && answer.kind !== 'failed';
    });
  }

  get isReachable(): boolean {
    return this.reached.length >= this.nodes.majority;
  }

  /** Why the lead does not grant, where it does not. */
  get objection(): Obstacle | undefined {
    const answer = this.lead && this.answerOf(this.lead);
    return answer && isObstacle(answer) ? answer : undefined;
  }

  get hasMajority(): boolean {
    return !this.objection && this.voters.length >= this.nodes.majority;
  }

  /** Whether no answer that may still come changes anything. */
  get isDecided(): boolean {
    const { majority } = this.nodes;
    const open = this.open.length;
    if (this.hasMajority || this.reached.length + open < majority) return true;
    return this.isReachable && (this.objection !== undefined || this.voters.length + open < majority);
  }

  /** What keeps the request out, where a majority was reached; conflicts and refusals before those who are merely busy. */
  get obstacle(): Obstacle {
    const answers = this.reached.map((node) => this.answerOf(node)!);
    if (answers.some(({ kind }) => kind === 'refused')) return { kind: 'refused' };
    const conflict = answers.find((answer) => answer.kind === 'conflict');
    const looksMs = answers.map((answer) => (answer.kind === 'busy' ? answer.lookInMs : Infinity));
    return conflict ?? { kind: 'busy', lookInMs: Math.min(...looksMs) };
  }

  /** No majority can be counted, and what is wrong with each that is not. */
  outage(withinMs: number): LockStoreError {
    const missing = this.nodes.all.flatMap((node) => {
      const error = this.troubleOf(node, withinMs);
      return error === undefined ? [] : [{ name: node.name, index: node.index, error }];
    });
    return this.nodes.outage('acquire', this.keys[0], missing);
  }

  private troubleOf(node: QuorumNode, withinMs: number): unknown {
    const answer = this.answerOf(node);
    if (answer?.kind === 'failed') return answer.error;
    if (answer?.kind === 'pending') return silence(withinMs);
    return node.counts
      ? undefined
      : new Error('it came back, perhaps empty, and is not counted yet: restartDelay');
  }
}

function isObstacle(answer: Answer): answer is Obstacle {
  return answer.kind === 'busy' || answer.kind === 'conflict' || answer.kind === 'refused';
}
