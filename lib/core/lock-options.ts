import { LockConfigError, LockUnsupportedError } from '../errors.js';
import { type LockStore, MODE_CAPACITY } from '../line/store.js';
import { type Duration, durationMs } from '../util/duration.js';

/** How a lock is asked for. */
export interface LockOptions {
  /**
   * How long to wait in all: local queue, connecting, every key. Default: the module's `waitTime` (`'5s'`).
   * `0` is one attempt that takes no place in the line; `Infinity` is legal here only.
   */
  waitTime?: Duration;
  /**
   * The hold ends then, whatever the work does, and nothing renews it: at least 50 ms. Default: none, the watchdog
   * renews while the hold lasts. Shorter frees a crashed holder's lock sooner; too short loses it under the work.
   */
  leaseTime?: Duration;
  /** Default `'exclusive'`. Any number of `'shared'` holds stand beside each other. */
  mode?: 'exclusive' | 'shared';
  /** Makes the key a semaphore of that many permits; not with `mode: 'shared'`. */
  permits?: number;
  /** How many permits this request takes. Default 1. */
  weight?: number;
  /** Strict order of arrival over all processes, without local hand-off: slower on a hot key. Default false. */
  fair?: boolean;
  /** Released earlier, the lock stays taken until so long after the grant. Default none. */
  minHoldTime?: Duration;
  /** One of the module's `stores`. Default: its `store`. */
  store?: string;
  /** Ends the wait; rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** The module's settings that requests start from, in milliseconds. */
export interface LockDefaults {
  readonly waitMs: number;
  readonly watchdogMs: number;
}

/** A request's options, checked and counted out. */
export interface LockPlan {
  readonly waitMs: number;
  readonly capacity: number;
  readonly weight: number;
  /** The lease to ask for. */
  readonly leaseMs: number;
  /** True where the watchdog lengthens it. */
  readonly isRenewed: boolean;
  readonly isFair: boolean;
  readonly minHoldMs: number;
}

/** Shorter leases end before a renewal could be answered. */
export const SHORTEST_LEASE_MS = 50;

/** Checks the options of one request against the store that is to serve it. @throws LockConfigError, LockUnsupportedError */
export function planLock(options: LockOptions, defaults: LockDefaults, store: LockStore): LockPlan {
  const leaseMs = optionalMs('leaseTime', options.leaseTime, SHORTEST_LEASE_MS);
  const minHoldMs = optionalMs('minHoldTime', options.minHoldTime, 0) ?? 0;
  if (leaseMs !== undefined && minHoldMs > leaseMs) {
    throw wrong('minHoldTime', options.minHoldTime, `not above leaseTime (${String(options.leaseTime)})`);
  }
  const { capacity, weight } = capacityAndWeight(options);
  const plan: LockPlan = {
    waitMs: options.waitTime === undefined ? defaults.waitMs : waitMsOf(options.waitTime),
    capacity,
    weight,
    leaseMs: leaseMs ?? defaults.watchdogMs,
    isRenewed: leaseMs === undefined,
    isFair: flag('fair', options.fair),
    minHoldMs,
  };
  refuseUnsupported(options, store);
  return plan;
}

function waitMsOf(value: Duration): number {
  return durationMs('waitTime', value, { mayBeInfinite: true });
}

function optionalMs(option: string, value: Duration | undefined, minMs: number): number | undefined {
  return value === undefined ? undefined : durationMs(option, value, { minMs });
}

interface Share {
  readonly capacity: number;
  readonly weight: number;
}

function capacityAndWeight(options: LockOptions): Share {
  const { mode = 'exclusive', permits, weight } = options;
  if (mode !== 'exclusive' && mode !== 'shared') throw wrong('mode', mode, "'exclusive' or 'shared'");
  if (permits !== undefined) return semaphoreShare(options, permits);
  if (weight !== undefined) throw wrong('weight', weight, 'given only together with permits');
  return { capacity: MODE_CAPACITY, weight: mode === 'shared' ? 1 : MODE_CAPACITY };
}

function semaphoreShare({ mode, weight = 1 }: LockOptions, permits: number): Share {
  if (mode === 'shared') throw wrong('permits', permits, "left out with mode 'shared'");
  if (!isCount(permits) || permits >= MODE_CAPACITY) {
    throw wrong('permits', permits, `a whole number from 1 to ${MODE_CAPACITY - 1}`);
  }
  if (!isCount(weight) || weight > permits) {
    throw wrong('weight', weight, `a whole number from 1 to the number of permits (${permits})`);
  }
  return { capacity: permits, weight };
}

function refuseUnsupported(options: LockOptions, { name, capabilities }: LockStore): void {
  const { mode, permits, leaseTime, fair } = options;
  const refuse = (isRefused: boolean, what: string): void => {
    if (!isRefused) return;
    throw new LockUnsupportedError(`The store "${name}" does not support ${what}.`, { store: name });
  };
  refuse(mode === 'shared' && !capabilities.shared, "mode 'shared'");
  refuse(permits !== undefined && !capabilities.permits, 'permits');
  refuse(leaseTime !== undefined && !capabilities.leases, 'leaseTime');
  refuse(fair === true && !capabilities.fairOrder, 'fair order');
}

function flag(option: string, value: boolean | undefined): boolean {
  if (value !== undefined && typeof value !== 'boolean') throw wrong(option, value, 'true or false');
  return value ?? false;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}

function wrong(option: string, value: unknown, bound: string): LockConfigError {
  return new LockConfigError(`Option "${option}" is ${String(value)}; it must be ${bound}.`, { option });
}
