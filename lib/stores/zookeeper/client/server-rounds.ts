import type { Random } from '../../../util/random.js';
import type { ZooKeeperAddress } from './zookeeper-client.js';

/** Pauses between rounds, in milliseconds; doubled. */
const PAUSE_MS = { first: 25, most: 1_000 } as const;

/** In which order servers are tried: in rounds, each of them once in a round, each round in an order of its own. */
export class ServerRounds {
  private left: ZooKeeperAddress[] = [];
  private round = 0;

  constructor(
    private readonly servers: readonly ZooKeeperAddress[],
    private readonly random: Random,
  ) {}

  /** Begins anew, without a pause. Whose connection was just lost is tried last. */
  restart(last?: ZooKeeperAddress): void {
    this.round = 1;
    this.left = this.shuffled();
    const index = last ? this.left.indexOf(last) : -1;
    if (index >= 0) this.left.push(...this.left.splice(index, 1));
  }

  /** The next server, and how long to wait before it is tried, in milliseconds: between rounds only. */
  next(): { readonly address: ZooKeeperAddress; readonly pauseMs: number } {
    let pauseMs = 0;
    if (this.left.length === 0) {
      const mostMs = Math.min(PAUSE_MS.most, PAUSE_MS.first * 2 ** Math.min(this.round - 1, 10));
      // Clients that lost the same server do not come back together.
      pauseMs = mostMs * (0.5 + this.random() / 2);
      this.round++;
      this.left = this.shuffled();
    }
    return { address: this.left.shift()!, pauseMs };
  }

  private shuffled(): ZooKeeperAddress[] {
    const order = [...this.servers];
    for (let index = order.length - 1; index > 0; index--) {
      const other = Math.floor(this.random() * (index + 1));
      [order[index], order[other]] = [order[other]!, order[index]!];
    }
    return order;
  }
}
