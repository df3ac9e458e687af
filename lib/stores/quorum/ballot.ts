/**
 * One attempt of one owner to hold its keys on a majority of the nodes.
 *
 *   asking the lead ──it grants──► asking all          by line: the lead says whose turn it is
 *   asking the lead ──busy──► busy                     the owner stands in its line, the others were not troubled
 *   asking the lead ──silent or down──► asking the next lead
 *   asking all ──majority──► agreeing on the token
 *   asking all ──the lead grants, others are busy──► a pause ──► asking those again     it has the right of way
 *   asking all ──no majority left──► busy, or down where none can be reached
 *   agreeing ──a majority has the same token──► held
 *
 * Where the keys are not contended all are asked at once, the lead among them, and its word counts all the same: of many
 * who ask together exactly one has the right of way, and the others give back what they were granted.
 */
import type { LockStoreError } from '../../errors.js';
import { type AcquireRequest, type Grant, TOKEN_BLOCK } from '../../line/store.js';
import type { Candidate } from './candidate.js';
import { nthGreatest } from './majority.js';
import { lateError } from './quorum-errors.js';
import type { QuorumNode } from './quorum-node.js';
import type { QuorumNodes } from './quorum-nodes.js';
import { type Obstacle, Tally } from './tally.js';

/** What came of it. */
export type Verdict =
  | { readonly kind: 'held'; readonly grants: readonly Grant[] }
  | Obstacle
  | { readonly kind: 'down'; readonly error: LockStoreError };

export interface BallotInit {
  readonly nodes: QuorumNodes;
  readonly candidate: Candidate;
  readonly request: AcquireRequest;
  /** The lead alone is asked first, for a place in its line where the request takes one. */
  readonly isLeadFirst: boolean;
}

/** How long answers are waited for in all, in milliseconds; and never for longer than the lease. */
const ANSWER_MS = 1_000;
/** The same of the lead, which holds up all others. */
const LEAD_MS = 200;
/** The same of the last nodes, when the others have decided. */
const LAST_MS = 25;
/** Who has the right of way asks so often those who are busy; those who have not are giving back what they got. */
const TRIES = 12;
/** The pause before each, in milliseconds; doubled up to the most. */
const TRY_MS = { first: 1, most: 20 } as const;
/** Proposals of a token; each fails only where another reader of the key was granted a greater one meanwhile. */
const PROPOSALS = 20;
/** Who was outbid bids up to so many blocks more, doubled each time: the greatest bid is good on every node. */
const RAISE = { first: 4, most: 256 } as const;
/** When a reader that was outbid again and again asks anew, in milliseconds. */
const OUTBID_MS = 10;

export class Ballot {
  private readonly tally: Tally;
  private readonly mostMs: number;
  private readonly untilMs: number;

  constructor(private readonly init: BallotInit) {
    const { nodes, candidate, request } = init;
    this.tally = new Tally(nodes, candidate, request.keys);
    this.mostMs = Math.min(ANSWER_MS, request.leaseMs);
    this.untilMs = nodes.clock.nowMs() + this.mostMs;
  }

  /** Never rejects. */
  async run(): Promise<Verdict> {
    const { tally } = this;
    const { nodes, isLeadFirst } = this.init;
    if (isLeadFirst) await this.findLead();
    else await this.askAllAndHearLead();
    if (isLeadFirst && tally.objection) return tally.objection;
    for (let tries = 0; ; tries++) {
      this.askAll();
      await this.until(() => tally.isDecided, this.untilMs);
      // Who loses has the time to learn whether anything is left of it.
      const lastMs = Math.min(this.untilMs, nodes.clock.nowMs() + LAST_MS);
      if (!tally.hasMajority) await this.until(() => tally.open.length === 0, lastMs);
      if (tally.hasMajority) return this.agree();
      if (!this.mayTryAgain(tries)) return this.lose();
      await nodes.pauses.pause(nodes.jitter(Math.min(TRY_MS.most, TRY_MS.first * 2 ** tries)));
    }
  }

  /** Asks one after the other until one answers. */
  private async findLead(): Promise<void> {
    const { nodes, request, candidate } = this.init;
    const tried = new Set<QuorumNode>();
    while (!candidate.isGone) {
      const lead = nodes.leadBeside(tried);
      if (!lead) return;
      tried.add(lead);
      this.ask(lead, { takesPlace: request.takesPlace });
      if (await this.hear(lead)) return;
    }
  }

  private async askAllAndHearLead(): Promise<void> {
    const lead = this.init.nodes.leadBeside(new Set());
    this.askAll();
    if (lead) await this.hear(lead);
  }

  /** False where the node gives no answer in time: then it does not lead. */
  private async hear(lead: QuorumNode): Promise<boolean> {
    const { tally } = this;
    await this.until(() => !tally.isPending(lead), this.init.nodes.clock.nowMs() + LEAD_MS);
    const isHeard = !tally.isPending(lead) && tally.answerOf(lead)?.kind !== 'failed';
    if (isHeard) tally.lead = lead;
    // Who has gone has not waited for it.
    else if (!this.init.candidate.isGone) lead.suspect();
    return isHeard;
  }

  /** All who have neither granted nor owe an answer. */
  private askAll(): void {
    for (const node of this.init.nodes.all) {
      if (!this.tally.isPending(node) && !this.tally.hasVoteOf(node)) this.ask(node, { takesPlace: false });
    }
  }

  private ask(node: QuorumNode, parts: Pick<AcquireRequest, 'takesPlace' | 'leastTokens'>): void {
    const { tally } = this;
    const { candidate, nodes, request } = this.init;
    if (candidate.isGone) return;
    if (!node.mayBeAsked) return tally.note(node, { kind: 'failed', error: node.trouble });
    const sentMs = nodes.clock.nowMs();
    tally.note(node, { kind: 'pending' });
    candidate.noteAsked(node.index);
    if (parts.takesPlace) candidate.notePlace(node.index, request.keys);
    node
      .ask((session) => session.acquire({ ...request, ...parts }))
      .then(
        (reply) => {
          candidate.noteAnswered(node.index);
          tally.noteReply(node, reply, sentMs);
        },
        (error: unknown) => tally.note(node, { kind: 'failed', error }),
      );
  }

  private mayTryAgain(tries: number): boolean {
    const { tally } = this;
    const { candidate, nodes } = this.init;
    if (candidate.isGone || tries >= TRIES || nodes.clock.nowMs() >= this.untilMs) return false;
    return tally.isReachable && tally.lead !== undefined && tally.hasVoteOf(tally.lead);
  }

  /** One token for all: the greatest that was granted, reserved on a majority. */
  private async agree(): Promise<Verdict> {
    const { candidate, nodes, request } = this.init;
    const tokenOf = (node: QuorumNode, key: string): number => candidate.voteOf(node.index, key)!.token;
    for (let proposal = 0; this.mayPropose(proposal); proposal++) {
      const { voters } = this.tally;
      const raise = proposal === 0 ? 0 : this.raise(proposal);
      const bid = request.keys.map((key) => Math.max(...voters.map((node) => tokenOf(node, key))) + raise);
      const isAgreed = (node: QuorumNode): boolean =>
        request.keys.every((key, at) => tokenOf(node, key) === bid[at]);
      const isEnough = (): boolean => this.tally.voters.filter(isAgreed).length >= nodes.majority;
      const behind = voters.filter((node) => !isAgreed(node));
      if (!isEnough()) await this.propose(bid, behind, isEnough);
      if (isEnough()) return this.hold(bid);
    }
    return this.lose();
  }

  private mayPropose(proposal: number): boolean {
    const { tally } = this;
    const { candidate, nodes } = this.init;
    const isInTime = proposal < PROPOSALS && nodes.clock.nowMs() < this.untilMs;
    return isInTime && !candidate.isGone && tally.hasMajority;
  }

  private raise(proposal: number): number {
    const blocks = Math.min(RAISE.most, RAISE.first * 2 ** (proposal - 1));
    return Math.ceil(this.init.nodes.random() * blocks) * TOKEN_BLOCK;
  }

  private async propose(
    leastTokens: readonly number[],
    behind: readonly QuorumNode[],
    isEnough: () => boolean,
  ): Promise<void> {
    for (const node of behind) this.ask(node, { takesPlace: false, leastTokens });
    await this.until(() => isEnough() || !behind.some((node) => this.tally.isPending(node)), this.untilMs);
  }

  private hold(tokens: readonly number[]): Verdict {
    const { candidate, nodes, request } = this.init;
    const nowMs = nodes.clock.nowMs();
    const grants = request.keys.map((key, at) => {
      const ends = this.tally.voters.map(({ index }) => candidate.voteOf(index, key)!.endsMs);
      return { token: tokens[at]!, restMs: nthGreatest(ends, nodes.majority) - nowMs };
    });
    if (grants.some(({ restMs }) => restMs <= 0)) return { kind: 'down', error: lateError(request) };
    request.keys.forEach((key, at) => candidate.holds(key, tokens[at]!));
    return { kind: 'held', grants };
  }

  private lose(): Verdict {
    const { tally } = this;
    if (!tally.isReachable) return { kind: 'down', error: tally.outage(this.mostMs) };
    return tally.hasMajority ? { kind: 'busy', lookInMs: OUTBID_MS } : tally.obstacle;
  }

  /** Resolves when it is true, the owner has gone, or the time has come. */
  private async until(isTrue: () => boolean, atMs: number): Promise<void> {
    const { candidate, nodes } = this.init;
    if (isTrue() || candidate.isGone) return;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        timer.clear();
        candidate.wake = undefined;
        resolve();
      };
      const timer = nodes.clock.setTimer(atMs - nodes.clock.nowMs(), end);
      candidate.wake = () => {
        if (isTrue() || candidate.isGone) end();
      };
    });
  }
}
