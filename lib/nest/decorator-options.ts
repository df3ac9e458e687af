import type { LockOptions } from '../core/lock-options.js';
import type { EnterOptions } from '../core/lock-runtime.js';
import { checkNames, wrongOption } from './option-names.js';

/** How a decorated method is locked. */
export interface DistributedLockOptions extends Omit<LockOptions, 'signal'> {
  /**
   * What happens where somebody else holds the lock to the end of the wait. Default `'throw'`: a LockTimeoutError.
   * `'skip'` resolves undefined; a function is called as the method would be, and its result is the result. With either,
   * `waitTime` defaults to 0. Any other failure is thrown: down is not busy.
   */
  // The function takes what the method takes.
  // oxlint-disable-next-line typescript/no-explicit-any
  whenBusy?: 'throw' | 'skip' | ((...args: any[]) => unknown);
  /**
   * Of handlers: until the whole result is done (the promise, the last value, the end of the stream), or until the HTTP
   * response is closed, for handlers that write to it themselves. Default `'result'`.
   */
  holdUntil?: 'result' | 'response';
}

/** Stands in for a method whose lock is busy. */
export type Fallback = (...args: unknown[]) => unknown;

/** The options of a decorator, read once. */
export interface DecoratorSettings {
  readonly options: EnterOptions;
  /** Undefined where busy is an error. */
  readonly whenBusy: Fallback | undefined;
  readonly holdsUntilResponse: boolean;
}

const OPTIONS: readonly (keyof DistributedLockOptions)[] = [
  'waitTime',
  'leaseTime',
  'mode',
  'permits',
  'weight',
  'fair',
  'minHoldTime',
  'store',
  'whenBusy',
  'holdUntil',
];

/** Reads what needs no store; the rest is checked when the application boots. @throws LockConfigError */
export function readDecoratorOptions(
  where: string,
  options: DistributedLockOptions,
  template: string,
): DecoratorSettings {
  checkNames(where, options, OPTIONS);
  const { whenBusy = 'throw', holdUntil = 'result', ...lock } = options;
  if (holdUntil !== 'result' && holdUntil !== 'response') {
    throw wrongOption(`${where}: `, 'holdUntil', { value: holdUntil, bound: "'result' or 'response'" });
  }
  const fallback = fallbackOf(where, whenBusy);
  const isWaiting = fallback === undefined || lock.waitTime !== undefined;
  return {
    options: { ...lock, ...(isWaiting ? {} : { waitTime: 0 }), template },
    whenBusy: fallback,
    holdsUntilResponse: holdUntil === 'response',
  };
}

function fallbackOf(where: string, whenBusy: unknown): Fallback | undefined {
  if (typeof whenBusy === 'function') return whenBusy as Fallback;
  if (whenBusy === 'skip') return () => undefined;
  if (whenBusy === 'throw') return undefined;
  throw wrongOption(`${where}: `, 'whenBusy', { value: whenBusy, bound: "'throw', 'skip' or a function" });
}
