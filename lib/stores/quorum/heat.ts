import type { Clock } from '../../util/clock.js';

/** How long a key counts as contended after it was found busy. */
const HOT_MS = 2_000;
const MOST_KEYS = 1_000;

/** The keys that were found busy lately: to ask all nodes at once for one of them would only be in others' way. */
export class Heat {
  /** Until when, in the order of the last note. */
  private readonly untilMs = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  note(key: string): void {
    this.untilMs.delete(key);
    this.untilMs.set(key, this.clock.nowMs() + HOT_MS);
    const [oldest] = this.untilMs.keys();
    if (this.untilMs.size > MOST_KEYS) this.untilMs.delete(oldest!);
  }

  isHot(key: string): boolean {
    const untilMs = this.untilMs.get(key);
    if (untilMs === undefined) return false;
    if (untilMs > this.clock.nowMs()) return true;
    this.untilMs.delete(key);
    return false;
  }
}
