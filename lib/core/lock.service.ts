import type { LockHandle } from './lock-handle.js';
import type { LockOptions } from './lock-options.js';

/** What `inspect` tells of a key. */
export interface LockState {
  /** As it was asked for, without the namespace. */
  key: string;
  /** An empty `owner` stands for what remains of a `minHoldTime` after the release. */
  holders: {
    /** As {@link LockHandle.owner}. */
    owner: string;
    /** The first of its grant's block. */
    fencingToken: number;
    /** `'exclusive'` where it takes the whole key. */
    mode: 'exclusive' | 'shared';
    /** Permits of a semaphore; 1 for a mutex or read/write lock. */
    weight: number;
    /** What is left of its lease, in milliseconds. */
    remainingMs: number;
  }[];
  /** Requests that wait, over all processes; the plain ones of another process share one place and count as one. */
  waiters: number;
}

/**
 * Locks by hand: inject it where a decorator does not fit.
 *
 * @example await locks.withLock(`stock:${id}`, async (lock) => order(id, lock.fencingToken));
 */
export abstract class LockService {
  /**
   * Runs `work` while the lock is held, and resolves with its result after the release. Re-entrant: inside `work` the
   * same key is granted at once.
   * @throws LockTimeoutError, LockStoreError: `work` did not run
   * @throws LockLostError where `work` ended well, but the hold was lost before
   */
  abstract withLock<T>(
    key: string | readonly string[],
    work: (lock: LockHandle) => T | Promise<T>,
  ): Promise<T>;
  abstract withLock<T>(
    key: string | readonly string[],
    options: LockOptions,
    work: (lock: LockHandle) => T | Promise<T>,
  ): Promise<T>;
  /** Waits for the lock and returns the hold; the caller releases it. @throws LockTimeoutError, LockStoreError */
  abstract acquire(key: string | readonly string[], options?: LockOptions): Promise<LockHandle>;
  /** As {@link acquire} with `waitTime` 0 unless given; null where that would throw LockTimeoutError. */
  abstract tryAcquire(key: string | readonly string[], options?: LockOptions): Promise<LockHandle | null>;
  /** The innermost hold of this async context, or the one of that key. */
  abstract current(key?: string): LockHandle | undefined;
  /** Who holds the key and how many wait, without taking it. */
  abstract inspect(key: string, options?: { store?: string }): Promise<LockState>;
  /** Takes the lock away from whoever has it; true where somebody held it. Holders are told by message, or at their next renewal. */
  abstract forceRelease(key: string, options?: { store?: string }): Promise<boolean>;
}
