import { type Deferred, deferred } from '../util/deferred.js';
import type { Clock } from '../util/clock.js';

/** What is under way in this process, for a shutdown that lets it end. */
export class LiveSet<T> implements Iterable<T> {
  private readonly members = new Set<T>();
  private emptied: Deferred<void> | undefined;

  constructor(private readonly clock: Clock) {}

  [Symbol.iterator](): Iterator<T> {
    return this.members.values();
  }

  add(member: T): void {
    this.members.add(member);
  }

  delete(member: T): void {
    this.members.delete(member);
    if (this.members.size === 0) this.emptied?.resolve();
  }

  /** Resolves when nothing is under way, or after `mostMs`. */
  async whenEmpty(mostMs: number): Promise<void> {
    if (this.members.size === 0) return;
    this.emptied ??= deferred<void>();
    const timer = this.clock.setTimer(mostMs, this.emptied.resolve);
    await this.emptied.promise;
    timer.clear();
    this.emptied = undefined;
  }
}
