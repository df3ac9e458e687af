/** A timer that was set; clearing it twice does nothing. */
export interface Timer {
  clear(): void;
}

export interface TimerOptions {
  /** True where the timer alone must not keep the process alive. Default false. */
  readonly isBackground?: boolean;
}

/**
 * The only way this package learns of time, so that tests can own it.
 *
 * Durations, budgets and deadlines are counted on the monotonic clock, which no administrator and no NTP step moves.
 */
export interface Clock {
  /** Monotonic, in milliseconds, fractional. */
  nowMs(): number;
  /** Microseconds since the Unix epoch that never step back within the process; only an embedded store's tokens use it. */
  epochUs(): number;
  /** Calls `callback` once after `delayMs`, however long; `Infinity` never fires. */
  setTimer(delayMs: number, callback: () => void, options?: TimerOptions): Timer;
}

/** The longest delay that `setTimeout` can hold: more overflows to 1 ms. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;
const NEVER: Timer = { clear: () => undefined };

class SystemTimer implements Timer {
  private handle: NodeJS.Timeout | undefined;

  constructor(
    delayMs: number,
    private readonly callback: () => void,
    private readonly isBackground: boolean,
  ) {
    this.arm(delayMs);
  }

  clear(): void {
    clearTimeout(this.handle);
    this.handle = undefined;
  }

  private arm(delayMs: number): void {
    const left = delayMs - LONGEST_TIMEOUT_MS;
    this.handle =
      left > 0 ? setTimeout(() => this.arm(left), LONGEST_TIMEOUT_MS) : setTimeout(this.callback, delayMs);
    if (this.isBackground) this.handle.unref();
  }
}

/** The process's own clock. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  epochUs: () => Math.floor((performance.timeOrigin + performance.now()) * 1000),
  setTimer: (delayMs, callback, options) =>
    delayMs === Infinity
      ? NEVER
      : new SystemTimer(Math.max(0, delayMs), callback, options?.isBackground ?? false),
};
