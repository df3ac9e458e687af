import { REFUSED_MS } from '../../line/store.js';
import type { Clock } from '../../util/clock.js';

/** Owner ids that were given up while one of their commands was under way. Without a timer: each look drops what is over. */
export class RefusedOwners {
  /** Until when, in the order in which they were refused, which is the order in which they end. */
  private readonly untilMs = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  add(owner: string): void {
    this.untilMs.delete(owner);
    this.untilMs.set(owner, this.clock.nowMs() + REFUSED_MS);
  }

  has(owner: string): boolean {
    if (this.untilMs.size === 0) return false;
    const nowMs = this.clock.nowMs();
    for (const [first, untilMs] of this.untilMs) {
      if (untilMs > nowMs) break;
      this.untilMs.delete(first);
    }
    return this.untilMs.has(owner);
  }
}
