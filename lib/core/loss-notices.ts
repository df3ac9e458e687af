import type { LockLostError } from '../errors.js';
import type { Clock, Timer } from '../util/clock.js';

/** Losses that come within so much of one that was told are counted, and told together. */
const BURST_MS = 1_000;

/**
 * Tells an operator of losses: each in a line of its own, but of a burst (a store was away for longer than the leases)
 * the first, and then how many more.
 *
 *   quiet ──loss──► just told                    its line
 *   just told ──loss──► counting                 one timer, to the end of the second
 *   counting ──loss──► counting
 *   counting ──timer, or close()──► quiet        one line for all of them
 */
export class LossNotices {
  private toldMs = -Infinity;
  private untold = 0;
  private timer: Timer | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly tell: (text: string) => void,
  ) {}

  add(loss: LockLostError): void {
    const nowMs = this.clock.nowMs();
    if (this.untold === 0 && nowMs - this.toldMs >= BURST_MS) {
      this.toldMs = nowMs;
      this.tell(loss.message);
      return;
    }
    this.untold++;
    this.timer ??= this.clock.setTimer(this.toldMs + BURST_MS - nowMs, () => this.close(), {
      isBackground: true,
    });
  }

  /** Says what was counted and not yet told. */
  close(): void {
    this.timer?.clear();
    this.timer = undefined;
    if (this.untold === 0) return;
    this.tell(`${this.untold} more were lost within a second.`);
    this.untold = 0;
  }
}
