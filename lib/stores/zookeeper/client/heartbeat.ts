import type { Clock, Timer } from '../../../util/clock.js';

export interface HeartbeatOptions {
  readonly clock: Clock;
  readonly everyMs: number;
  /** Sends one; settles when it is answered, or never will be. */
  readonly beat: () => Promise<void>;
  /** The last one is still unanswered when the next is due. */
  readonly onSilent: () => void;
}

/** How long the process's own standstill is given to read what lies in the socket, before the silence is believed. */
const SECOND_LOOK_MS = 50;

/**
 * Notices that a connection is dead though nobody said so.
 *
 *   resting ──due──► unanswered ──answered──► resting
 *   unanswered ──due──► suspected ──answered──► resting        suspected ──a moment later──► `onSilent`, and over
 */
export class Heartbeat {
  private timer: Timer | undefined;
  private isUnanswered = false;
  private isStopped = false;

  constructor(private readonly options: HeartbeatOptions) {
    this.arm(options.everyMs, () => this.due());
  }

  stop(): void {
    this.isStopped = true;
    this.timer?.clear();
  }

  private due(): void {
    const { everyMs, beat, onSilent } = this.options;
    if (this.isUnanswered) {
      this.arm(Math.min(SECOND_LOOK_MS, everyMs / 2), () => (this.isUnanswered ? onSilent() : this.due()));
      return;
    }
    this.isUnanswered = true;
    const settle = (): void => {
      this.isUnanswered = false;
    };
    beat().then(settle, settle);
    if (!this.isStopped) this.arm(everyMs, () => this.due());
  }

  private arm(delayMs: number, callback: () => void): void {
    this.timer = this.options.clock.setTimer(delayMs, callback, { isBackground: true });
  }
}
