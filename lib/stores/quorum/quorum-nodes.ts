import type { Clock } from '../../util/clock.js';
import type { Random } from '../../util/random.js';
import { outageError, type Missing } from './quorum-errors.js';
import { majorityOf } from './majority.js';
import type { Pauses } from './pauses.js';
import type { QuorumNode } from './quorum-node.js';
import type { LockStoreError } from '../../errors.js';

export interface QuorumNodesInit {
  readonly all: readonly QuorumNode[];
  readonly clock: Clock;
  readonly random: Random;
  readonly pauses: Pauses;
}

/** All nodes of one session, and what is common to them. */
export class QuorumNodes {
  readonly all: readonly QuorumNode[];
  readonly clock: Clock;
  readonly random: Random;
  readonly pauses: Pauses;
  readonly majority: number;

  constructor({ all, clock, random, pauses }: QuorumNodesInit) {
    this.all = all;
    this.clock = clock;
    this.random = random;
    this.pauses = pauses;
    this.majority = majorityOf(all.length);
  }

  /**
   * The node whose line orders those who wait: the first that is sound, else the first that can be asked. Everybody
   * draws it from the same list; where they disagree nothing but the order suffers.
   */
  leadBeside(others: ReadonlySet<QuorumNode>): QuorumNode | undefined {
    const left = this.all.filter((node) => !others.has(node));
    return left.find((node) => node.isSound) ?? left.find((node) => node.isUp && !node.isSuspected);
  }

  get hasSoundMajority(): boolean {
    return this.all.filter((node) => node.isSound).length >= this.majority;
  }

  outage(operation: string, key: string | undefined, missing: readonly Missing[]): LockStoreError {
    const { all, majority } = this;
    return outageError({ operation, key, nodes: all.length, majority, missing });
  }

  /** From half of it to one and a half. */
  jitter(ms: number): number {
    return ms * (0.5 + this.random());
  }
}
