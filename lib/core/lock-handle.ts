/// <reference lib="esnext.disposable" />
import type { Duration } from '../util/duration.js';

/**
 * A hold: what the one who has the lock is given. `await using lock = await locks.acquire('a')` releases it.
 *
 * A class only so that a decorated parameter can name it; nobody constructs one.
 */
export abstract class LockHandle implements AsyncDisposable {
  /** The key as the caller gave it, without the namespace; the first of several. */
  abstract readonly key: string;
  /** All keys, sorted bytewise, each once. */
  abstract readonly keys: readonly string[];
  /** Names the grant on the server, 32 hexadecimal digits; local hand-offs of one grant share it. */
  abstract readonly owner: string;
  /**
   * Greater than that of every earlier hold of the key, in any process. Give it to the resource that the lock protects
   * and let it refuse smaller ones: that alone stops a holder that was paused beyond its lease.
   * @throws LockConfigError where several keys are held: use {@link fencingTokenOf}
   * @see https://martin.kleppmann.com/2016/02/08/how-to-do-distributed-locking.html
   */
  abstract readonly fencingToken: number;
  /** The fencing token of one of several keys. @throws LockConfigError for a key that this hold does not have */
  abstract fencingTokenOf(key: string): number;
  /** Aborts with a LockLostError, once, when the hold is lost. */
  abstract readonly signal: AbortSignal;
  /** By the local deadline, which is earlier than the server's. */
  abstract readonly isHeld: boolean;
  /** What is left until the local deadline, in milliseconds; 0 where it is not held. */
  abstract remainingMs(): number;
  /** Throws where the lock is not held any more: ask it before each step that must not be done twice. @throws LockLostError */
  abstract assertHeld(): void;
  /**
   * Lengthens the lease to at least `leaseTime` from now; never shortens it. A watchdog goes on.
   * @throws LockLostError, LockUnsupportedError, LockStoreError
   */
  abstract extend(leaseTime: Duration): Promise<void>;
  /** Gives the lock back. A second call does nothing; it never touches another owner's hold. */
  abstract release(): Promise<void>;

  /** As {@link release}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }
}
