import { setTimeout as sleep } from 'node:timers/promises';
import type { Locker } from '../library.js';
import { monotonicMs } from '../measure/clock.js';
import { type Grants, GrantLog } from '../measure/grants.js';
import type { Scene } from './workload.js';

/** What the waiters of one process are to do. */
export interface ContendOrder {
  readonly key: string;
  /** Numbers of the waiters: from this one on, so many. */
  readonly firstWaiter: number;
  readonly waiters: number;
  /** On the monotonic clock of the machine, so that all processes begin at once. */
  readonly beginMs: number;
  readonly endMs: number;
  readonly waitMs: number;
  /** How long each keeps the lock; 0: gives it back at once. */
  readonly holdMs: number;
}

/** What came of it. */
export interface Contest {
  readonly grants: Grants;
  /** Waits that ended without the lock. */
  readonly failures: number;
}

/** More than any lock hands out in a turn. */
const CAPACITY = 4_000_000;
/** After a failure, so that one that fails at once does not starve the process. */
const PAUSE_MS = 10;

/** Waiters that each take the lock, keep it, give it back and ask again, until the end. */
export async function contend({ locker }: Scene, order: ContendOrder): Promise<Contest> {
  return contendWith(() => locker, order);
}

/** Likewise, with a locker for each waiter. */
export async function contendWith(
  lockerOf: (waiter: number) => Locker,
  order: ContendOrder,
): Promise<Contest> {
  const { key, firstWaiter, waiters, waitMs, beginMs, endMs, holdMs } = order;
  const log = new GrantLog(holdMs === 0 ? CAPACITY : Math.ceil((2 * waiters * (endMs - beginMs)) / holdMs));
  let failures = 0;
  const one = async (waiter: number): Promise<void> => {
    const locker = lockerOf(waiter);
    while (monotonicMs() < endMs) {
      try {
        const release = await locker.acquire(key, waitMs);
        const from = monotonicMs();
        if (holdMs > 0) await sleep(holdMs);
        log.note(waiter, from, monotonicMs());
        await release();
      } catch (error) {
        if (error instanceof RangeError) throw error;
        failures++;
        await sleep(PAUSE_MS);
      }
    }
  };
  await sleep(beginMs - monotonicMs());
  await Promise.all(Array.from({ length: waiters }, (_, index) => one(firstWaiter + index)));
  return { grants: log.taken(), failures };
}
