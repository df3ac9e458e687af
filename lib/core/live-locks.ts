import { type Deferred, deferred } from '../util/deferred.js';
import type { Clock } from '../util/clock.js';
import type { HeldLock } from './held-lock.js';

/** The locks that are held in this process, for a shutdown that lets them finish. */
export class LiveLocks implements Iterable<HeldLock> {
  private readonly locks = new Set<HeldLock>();
  private emptied: Deferred<void> | undefined;

  constructor(private readonly clock: Clock) {}

  [Symbol.iterator](): Iterator<HeldLock> {
    return this.locks.values();
  }

  add(lock: HeldLock): void {
    this.locks.add(lock);
  }

  delete(lock: HeldLock): void {
    this.locks.delete(lock);
    if (this.locks.size === 0) this.emptied?.resolve();
  }

  /** Resolves when none is held, or after `mostMs`. */
  async whenEmpty(mostMs: number): Promise<void> {
    if (this.locks.size === 0) return;
    this.emptied ??= deferred<void>();
    const timer = this.clock.setTimer(mostMs, this.emptied.resolve);
    await this.emptied.promise;
    timer.clear();
    this.emptied = undefined;
  }
}
