import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { systemClock } from '../../../lib/util/clock.js';

/** What a timer of the platform holds at most. */
const LONGEST_MS = 2 ** 31 - 1;

describe('the system clock', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('calls once, after the delay', () => {
    let calls = 0;
    systemClock.setTimer(1_000, () => calls++);
    jest.advanceTimersByTime(999);
    expect(calls).toBe(0);
    jest.advanceTimersByTime(5_000);
    expect(calls).toBe(1);
  });

  it('waits longer than a timer of the platform can', () => {
    let calls = 0;
    systemClock.setTimer(3 * LONGEST_MS + 5, () => calls++);
    jest.advanceTimersByTime(3 * LONGEST_MS + 4);
    expect(calls).toBe(0);
    jest.advanceTimersByTime(1);
    expect(calls).toBe(1);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('never asks the platform for more than it can hold', () => {
    const asked = jest.spyOn(globalThis, 'setTimeout');
    systemClock.setTimer(2 * LONGEST_MS, () => undefined);
    jest.advanceTimersByTime(2 * LONGEST_MS);
    expect(asked.mock.calls.map(([, ms]) => ms)).toEqual([LONGEST_MS, LONGEST_MS]);
    asked.mockRestore();
  });

  it('does not call what was cleared, in whatever part of a long delay', () => {
    let calls = 0;
    const timer = systemClock.setTimer(2 * LONGEST_MS, () => calls++);
    jest.advanceTimersByTime(LONGEST_MS + 1);
    timer.clear();
    timer.clear();
    jest.advanceTimersByTime(2 * LONGEST_MS);
    expect([calls, jest.getTimerCount()]).toEqual([0, 0]);
  });

  it('never fires an infinite timer, and sets none', () => {
    const timer = systemClock.setTimer(Infinity, () => undefined);
    expect(jest.getTimerCount()).toBe(0);
    timer.clear();
  });

  it('fires soon where the delay is negative', () => {
    let calls = 0;
    systemClock.setTimer(-5, () => calls++);
    jest.advanceTimersByTime(0);
    expect(calls).toBe(1);
  });
});

describe('the system clock, unfaked', () => {
  it('keeps the process alive for a timer, unless it is a background one', () => {
    const spied = jest.spyOn(globalThis, 'setTimeout');
    const timers = [false, true].map((isBackground) =>
      systemClock.setTimer(LONGEST_MS, () => undefined, { isBackground }),
    );
    const handles = spied.mock.results.map(({ value }) => value as NodeJS.Timeout);
    spied.mockRestore();
    expect(handles.map((handle) => handle.hasRef())).toEqual([true, false]);
    timers.forEach((timer) => timer.clear());
  });

  it('never steps back, in either of its times', () => {
    let [lastMs, lastUs] = [0, 0];
    for (let index = 0; index < 1_000; index++) {
      const [ms, us] = [systemClock.nowMs(), systemClock.epochUs()];
      expect(ms >= lastMs && us >= lastUs && Number.isSafeInteger(us)).toBe(true);
      [lastMs, lastUs] = [ms, us];
    }
    expect(Math.abs(lastUs / 1000 - Date.now())).toBeLessThan(60_000);
  });
});
