import { setImmediate as nextTurn } from 'node:timers';
import type { Clock, Timer } from '../util/clock.js';

/** A clock that stands still until it is told to move. */
export interface ManualClock extends Clock {
  /** How many timers are set and have not fired: 0 proves that none was left behind. */
  readonly pending: number;
  /**
   * Moves time on by `ms` and fires what falls due, in order of due time, then of setting. Whatever a callback only
   * promises (an `await`) has not happened yet when the next one fires; see {@link advanceAsync}.
   */
  advance(ms: number): void;
  /** As {@link advance}, and lets everything that waits for a promise run before the first timer and after each one. */
  advanceAsync(ms: number): Promise<void>;
}

/** Where a manual clock begins. */
export interface ManualClockOptions {
  /** What `nowMs` says at first. Default 0. */
  readonly startMs?: number;
  /** What `epochUs` says at first. Default: 1 January 2030. */
  readonly epochUs?: number;
}

/** A clock for tests that own the time: no test waits, and none depends on how busy its machine is. */
export function manualClock(options: ManualClockOptions = {}): ManualClock {
  return new HandMovedClock(options.startMs ?? 0, options.epochUs ?? Date.UTC(2030, 0, 1) * 1000);
}

interface Pending {
  readonly dueMs: number;
  readonly callback: () => void;
}

class HandMovedClock implements ManualClock {
  private readonly timers = new Set<Pending>();
  private readonly startedMs: number;
  private currentMs: number;

  constructor(
    startMs: number,
    private readonly startedUs: number,
  ) {
    this.startedMs = startMs;
    this.currentMs = startMs;
  }

  get pending(): number {
    return this.timers.size;
  }

  nowMs(): number {
    return this.currentMs;
  }

  epochUs(): number {
    return this.startedUs + Math.floor((this.currentMs - this.startedMs) * 1000);
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    if (delayMs === Infinity) return { clear: () => undefined };
    const timer: Pending = { dueMs: this.currentMs + Math.max(0, delayMs), callback };
    this.timers.add(timer);
    return { clear: () => void this.timers.delete(timer) };
  }

  advance(ms: number): void {
    const untilMs = this.currentMs + ms;
    while (this.fireNext(untilMs));
    this.currentMs = untilMs;
  }

  async advanceAsync(ms: number): Promise<void> {
    const untilMs = this.currentMs + ms;
    await settled();
    while (this.fireNext(untilMs)) await settled();
    this.currentMs = untilMs;
  }

  /** Fires the first timer that is due by then, at its own time. False where there is none. */
  private fireNext(untilMs: number): boolean {
    let next: Pending | undefined;
    // A Set keeps the order of setting, so the first of equals wins.
    for (const timer of this.timers) if (!next || timer.dueMs < next.dueMs) next = timer;
    if (!next || next.dueMs > untilMs) return false;
    this.timers.delete(next);
    this.currentMs = Math.max(this.currentMs, next.dueMs);
    next.callback();
    return true;
  }
}

/** A turn of the event loop comes after every microtask, however many of them follow from each other. */
function settled(): Promise<void> {
  return new Promise((resolve) => void nextTurn(resolve));
}
