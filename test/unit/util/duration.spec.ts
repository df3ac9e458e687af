import { describe, expect, it } from '@jest/globals';
import { LockConfigError } from '../../../lib/errors.js';
import { type Duration, duration, durationMs } from '../../../lib/util/duration.js';

const caught = (act: () => unknown): unknown => {
  try {
    return act();
  } catch (error) {
    return error;
  }
};

const NONSENSE = [
  '-5s',
  '5 s',
  '1e3s',
  '5',
  's',
  '',
  ' 5s',
  '5s ',
  '5S',
  '5sec',
  '.5s',
  '5.s',
  '0x5s',
  '٣s',
  'Infinitys',
];

describe('duration', () => {
  it.each([
    ['250ms', 250],
    ['3s', 3_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['1.5s', 1_500],
    ['0s', 0],
  ])('reads %s', (text, ms) => {
    expect(duration(text)).toBe(ms);
  });

  it.each(NONSENSE)('refuses %j', (text) => {
    expect(() => duration(text)).toThrow(LockConfigError);
  });

  it('refuses what is no text', () => {
    expect(() => duration(5 as unknown as string)).toThrow(/"duration" is 5/);
  });

  it('refuses a number that overflows', () => {
    expect(() => duration(`${'9'.repeat(400)}h`)).toThrow(LockConfigError);
  });
});

describe('an option that is a duration', () => {
  it('is milliseconds where it is a number', () => {
    expect(durationMs('waitTime', 1.5)).toBe(1.5);
  });

  it.each([...NONSENSE, NaN, -1, -Infinity, Infinity, null, true])('is refused as %p', (value) => {
    const error = caught(() => durationMs('waitTime', value as Duration));
    expect(error).toBeInstanceOf(LockConfigError);
    expect(error).toMatchObject({ option: 'waitTime', code: 'LOCK_CONFIG' });
    const shown = typeof value === 'string' ? JSON.stringify(value) : String(value);
    expect((error as Error).message).toContain(`Option "waitTime" is ${shown};`);
  });

  it('may be infinite only where that is said', () => {
    expect(durationMs('waitTime', Infinity, { mayBeInfinite: true })).toBe(Infinity);
    expect(() => durationMs('leaseTime', Infinity)).toThrow(LockConfigError);
  });

  it('names its bounds, both of which belong to it', () => {
    const bounds = { minMs: 50, maxMs: 100 };
    expect([durationMs('leaseTime', 50, bounds), durationMs('leaseTime', '100ms', bounds)]).toEqual([
      50, 100,
    ]);
    expect(() => durationMs('leaseTime', 49, bounds)).toThrow(/at least 50 ms and at most 100 ms/);
    expect(() => durationMs('leaseTime', '101ms', bounds)).toThrow(LockConfigError);
  });

  it('is at most a year, which a timer can be split for', () => {
    expect(durationMs('waitTime', '8760h')).toBe(31_536_000_000);
    expect(() => durationMs('waitTime', '8761h')).toThrow(LockConfigError);
  });
});
