import { describe, expect, it } from '@jest/globals';
import { type LockOptions, planLock } from '../../../lib/core/lock-options.js';
import { LockConfigError, LockUnsupportedError } from '../../../lib/errors.js';
import { type LockStore, MODE_CAPACITY, type StoreCapabilities } from '../../../lib/line/store.js';

const DEFAULTS = { waitMs: 5_000, watchdogMs: 10_000 };
const ALL: StoreCapabilities = {
  shared: true,
  permits: true,
  leases: true,
  fairOrder: true,
  wakeUp: 'message',
};

function storeThatCan(changes: Partial<StoreCapabilities> = {}): LockStore {
  return {
    name: 'some',
    capabilities: { ...ALL, ...changes },
    connect: () => Promise.reject(new Error('unused')),
  };
}

const plan = (options: LockOptions, store = storeThatCan()): ReturnType<typeof planLock> =>
  planLock(options, DEFAULTS, store);

/** Bad as only a program without types can be. */
const BAD: [option: string, options: Record<string, unknown>][] = [
  ['waitTime', { waitTime: -1 }],
  ['waitTime', { waitTime: NaN }],
  ['waitTime', { waitTime: '5 s' }],
  ['waitTime', { waitTime: '-5s' }],
  ['waitTime', { waitTime: null }],
  ['waitTime', { waitTime: '9000h' }],
  ['leaseTime', { leaseTime: 0 }],
  ['leaseTime', { leaseTime: 49 }],
  ['leaseTime', { leaseTime: Infinity }],
  ['leaseTime', { leaseTime: '1e3s' }],
  ['leaseTime', { leaseTime: null }],
  ['minHoldTime', { minHoldTime: -1 }],
  ['minHoldTime', { minHoldTime: Infinity }],
  ['minHoldTime', { minHoldTime: '2s', leaseTime: '1s' }],
  ['mode', { mode: 'write' }],
  ['mode', { mode: null }],
  ['permits', { permits: 0 }],
  ['permits', { permits: 1.5 }],
  ['permits', { permits: -3 }],
  ['permits', { permits: '3' }],
  ['permits', { permits: NaN }],
  ['permits', { permits: Infinity }],
  ['permits', { permits: MODE_CAPACITY }],
  ['permits', { permits: null }],
  ['permits', { permits: 3, mode: 'shared' }],
  ['weight', { weight: 1 }],
  ['weight', { weight: 1, mode: 'shared' }],
  ['weight', { permits: 3, weight: 0 }],
  ['weight', { permits: 3, weight: 4 }],
  ['weight', { permits: 3, weight: 1.5 }],
  ['weight', { permits: 3, weight: '1' }],
  ['weight', { permits: 3, weight: null }],
  ['fair', { fair: 'yes' }],
  ['fair', { fair: 1 }],
  ['fair', { fair: null }],
];

describe('a bad option', () => {
  it.each(BAD)('%s is refused by its name in %j', (option, options) => {
    let error: unknown;
    try {
      plan(options as LockOptions);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(LockConfigError);
    expect(error).toMatchObject({ option });
    expect((error as Error).message).toMatch(new RegExp(`^Option "${option}" is .*; it must be .+\\.$`));
  });
});

describe('a plan', () => {
  it('starts from the module’s settings: an exclusive lock that the watchdog renews', () => {
    expect(plan({})).toEqual({
      waitMs: 5_000,
      capacity: MODE_CAPACITY,
      weight: MODE_CAPACITY,
      leaseMs: 10_000,
      isRenewed: true,
      isFair: false,
      minHoldMs: 0,
    });
  });

  it('takes what is undefined for not given', () => {
    const none = {
      waitTime: undefined,
      leaseTime: undefined,
      mode: undefined,
      permits: undefined,
      weight: undefined,
    };
    expect(plan({ ...none, fair: undefined, minHoldTime: undefined } as object)).toEqual(plan({}));
  });

  it.each<[LockOptions, object]>([
    [{ waitTime: 0 }, { waitMs: 0 }],
    [{ waitTime: '3s' }, { waitMs: 3_000 }],
    [{ waitTime: Infinity }, { waitMs: Infinity }],
    [{ leaseTime: '1m' }, { leaseMs: 60_000, isRenewed: false }],
    [{ leaseTime: 50 }, { leaseMs: 50, isRenewed: false }],
    [{ mode: 'shared' }, { weight: 1, capacity: MODE_CAPACITY }],
    [{ mode: 'exclusive' }, { weight: MODE_CAPACITY }],
    [{ permits: 3 }, { capacity: 3, weight: 1 }],
    [
      { permits: 3, weight: 3, mode: 'exclusive' },
      { capacity: 3, weight: 3 },
    ],
    [{ permits: MODE_CAPACITY - 1 }, { capacity: MODE_CAPACITY - 1 }],
    [{ fair: true }, { isFair: true }],
    [{ minHoldTime: '1s' }, { minHoldMs: 1_000, isRenewed: true }],
    [
      { minHoldTime: '1s', leaseTime: '1s' },
      { minHoldMs: 1_000, leaseMs: 1_000 },
    ],
    [{ minHoldTime: '1h' }, { minHoldMs: 3_600_000, leaseMs: 10_000 }],
  ])('of %j says %j', (options, expected) => {
    expect(plan(options)).toMatchObject(expected);
  });
});

describe('what a store cannot do', () => {
  it.each<[keyof StoreCapabilities, LockOptions, RegExp]>([
    ['shared', { mode: 'shared' }, /mode 'shared'/],
    ['permits', { permits: 3 }, /permits/],
    ['leases', { leaseTime: '1s' }, /leaseTime/],
    ['fairOrder', { fair: true }, /fair order/],
  ])('is refused, never weakened: %s', (capability, options, words) => {
    const unable = storeThatCan({ [capability]: false });
    expect(() => plan(options, unable)).toThrow(LockUnsupportedError);
    expect(() => plan(options, unable)).toThrow(words);
    expect(() => plan(options, unable)).toThrow(/The store "some" does not support/);
    expect(() => plan({}, unable)).not.toThrow();
    expect(() => plan(options)).not.toThrow();
  });

  it('is not asked for by fair: false or mode: exclusive', () => {
    const unable = storeThatCan({ shared: false, permits: false, leases: false, fairOrder: false });
    expect(() => plan({ fair: false, mode: 'exclusive' }, unable)).not.toThrow();
  });
});
