import { strict as assert } from 'node:assert';
import { type Clock, systemClock } from '../../util/clock.js';

/** Resolves after so many milliseconds. Only for what the server's clock decides. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void systemClock.setTimer(ms, resolve));
}

const STEP_MS = 10;

/**
 * So many milliseconds in which this process could work: a stall of the machine counts as one step of it. What is
 * expected "soon" is held against a lull, so that a busy machine fails nothing.
 */
export async function lull(ms: number, isOver: () => boolean = () => false): Promise<void> {
  for (let passedMs = 0; passedMs < ms && !isOver(); passedMs += STEP_MS) await pause(STEP_MS);
}

/** What the promise resolves to, or `'late'` where that takes longer than the lull. */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T | 'late'> {
  let isSettled = false;
  try {
    return await Promise.race([promise, lull(ms, () => isSettled).then(() => 'late' as const)]);
  } finally {
    // The rest of the lull would keep the process alive after its test.
    isSettled = true;
  }
}

/** Asks again until it is true. @throws AssertionError after three seconds in which it was not */
export async function eventually(what: string, isTrue: () => Promise<boolean> | boolean): Promise<void> {
  for (let passedMs = 0; !(await isTrue()); passedMs += STEP_MS) {
    assert(passedMs < 3_000, `It never came true that ${what}.`);
    await pause(STEP_MS);
  }
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** The process's clock, which also counts the timers that are set and did not fire. */
export function countingClock(): Clock & { readonly pending: number } {
  const timers = new Set<object>();
  return {
    get pending() {
      return timers.size;
    },
    nowMs: () => systemClock.nowMs(),
    epochUs: () => systemClock.epochUs(),
    setTimer: (delayMs, callback, options) => {
      const mark = {};
      const fire = (): void => {
        timers.delete(mark);
        callback();
      };
      if (delayMs !== Infinity) timers.add(mark);
      const timer = systemClock.setTimer(delayMs, fire, options);
      const clear = (): void => {
        timers.delete(mark);
        timer.clear();
      };
      return { clear };
    },
  };
}

/** Runs `body` while the process's wall clock is ahead, as after an administrator's hand. */
export async function withWallClockAhead(ms: number, body: () => Promise<void>): Promise<void> {
  // The one place that may touch it: to prove that nobody reads it.
  const wallClock: { now: () => number } = Date;
  const { now } = wallClock;
  wallClock.now = () => now() + ms;
  try {
    await body();
  } finally {
    wallClock.now = now;
  }
}

/** The error of a promise that has to be rejected. */
export function refusal(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => assert.fail('It was granted.'),
    (error: unknown) => error,
  );
}
