import type { LeaseRequest } from '../../line/store.js';
import { type Candidate, endOf } from './candidate.js';
import { type Answers, gatherMajority } from './gather.js';
import { nthGreatest } from './majority.js';
import type { QuorumNode } from './quorum-node.js';
import type { QuorumNodes } from './quorum-nodes.js';

/** Nobody is waited for longer, in milliseconds; and never for longer than a third of the leases. */
const ANSWER_MS = 1_000;
/** How long to wait where the nodes could not tell whether a hold lasts, before anybody asks again. */
const AGAIN_MS = 200;

type Rests = readonly number[];

/**
 * One batch of renewals. A hold lasts as long as the shortest of its longest leases on a majority; a node that has
 * forgotten it is not asked to hold again. What a silent node said last still counts until then.
 */
export class Renewal {
  private readonly sentMs: number;

  constructor(
    private readonly nodes: QuorumNodes,
    private readonly candidates: ReadonlyMap<string, Candidate>,
    private readonly leases: readonly LeaseRequest[],
  ) {
    this.sentMs = nodes.clock.nowMs();
  }

  /** The rest of each lease. @throws LockStoreError where no majority answers */
  async run(): Promise<Rests> {
    const { nodes, leases } = this;
    const thirdMs = Math.max(...leases.map(({ leaseMs }) => leaseMs)) / 3;
    const answers = await gatherMajority<Rests>(nodes, leases[0]!.key, {
      operation: 'renew',
      command: (session) => session.renew(leases),
      mostMs: thirdMs > 0 ? Math.min(ANSWER_MS, thirdMs) : ANSWER_MS,
      isEnough: (sofar) => leases.every((_, at) => this.isConfirmed(sofar, at)),
      onAnswer: (node, rests) => this.note(node, rests),
    });
    const rests = leases.map((_, at) => this.restOf(answers, at));
    const isOpen = (restMs: number, at: number): boolean => restMs > 0 && !this.isConfirmed(answers, at);
    if (rests.some(isOpen))
      await nodes.pauses.pause(Math.min(AGAIN_MS, thirdMs > 0 ? thirdMs / 3 : AGAIN_MS));
    return rests;
  }

  private isConfirmed(answers: Answers<Rests>, at: number): boolean {
    const held = answers.filter((answer) => answer && 'value' in answer && answer.value[at]! > 0);
    return held.length >= this.nodes.majority;
  }

  private restOf(answers: Answers<Rests>, at: number): number {
    const { key, owner } = this.leases[at]!;
    const known = this.candidates.get(owner)?.endsOf(key);
    const rests = answers.map((answer, node) =>
      answer && 'value' in answer ? answer.value[at]! : (known?.[node] ?? -Infinity) - this.sentMs,
    );
    return Math.max(0, nthGreatest(rests, this.nodes.majority));
  }

  private note({ index, lives }: QuorumNode, rests: Rests): void {
    const { sentMs } = this;
    const notedMs = this.nodes.clock.nowMs();
    for (const [at, { key, owner }] of this.leases.entries()) {
      const candidate = this.candidates.get(owner);
      const restMs = rests[at]!;
      const token = candidate?.voteOf(index, key)?.token ?? 0;
      if (restMs <= 0) candidate?.noteNone(index, key, sentMs);
      else candidate?.noteVote(index, key, { token, endsMs: endOf(sentMs, restMs), notedMs, lives });
    }
  }
}
