import { inspect } from 'node:util';
import { LockConfigError, LockLostError, LockUnsupportedError } from '../errors.js';
import { type Duration, durationMs } from '../util/duration.js';
import type { HeldLock } from './held-lock.js';
import { LockHandle } from './lock-handle.js';
import { SHORTEST_LEASE_MS } from './lock-options.js';
import { anyLoss } from './loss-signal.js';
import type { StoreClient } from './store-client.js';

/** One use of one or several held locks: the handle that callers get. */
export class LockView extends LockHandle {
  private isReleased = false;
  private combined: AbortSignal | undefined;

  constructor(
    readonly keys: readonly string[],
    /** Each is held once by this view. */
    private readonly locks: readonly HeldLock[],
  ) {
    super();
  }

  get key(): string {
    return this.keys[0]!;
  }

  get owner(): string {
    return this.locks[0]!.hold.owner;
  }

  get fencingToken(): number {
    if (this.keys.length > 1) {
      const option = 'fencingToken';
      throw new LockConfigError(`Several keys are held (${this.keys.join(', ')}): use fencingTokenOf(key).`, {
        option,
      });
    }
    return this.fencingTokenOf(this.key);
  }

  get signal(): AbortSignal {
    const [first] = this.locks;
    if (this.locks.length === 1) return first!.signal;
    const signals = this.locks.map((lock) => lock.signal);
    this.combined ??= anyLoss(signals, (error) => first!.onThrown(error));
    return this.combined;
  }

  get isHeld(): boolean {
    return !this.isReleased && this.locks.every((lock) => lock.isHeld);
  }

  /** The first loss, where there was one. */
  get loss(): LockLostError | undefined {
    for (const lock of this.locks) if (lock.loss) return lock.loss;
    return undefined;
  }

  /** What a log shows of it. Below it are the connections of a store, which know its password. */
  toJSON(): object {
    return { keys: this.keys, owner: this.owner, isHeld: this.isHeld, remainingMs: this.remainingMs() };
  }

  [inspect.custom](): object {
    return this.toJSON();
  }

  get isOpen(): boolean {
    return !this.isReleased;
  }

  /** Of the application that it belongs to. */
  get client(): StoreClient {
    return this.locks[0]!.client;
  }

  /** The lock behind one of the keys. */
  lockOf(key: string): HeldLock | undefined {
    return this.locks.find((lock) => lock.keys.includes(key));
  }

  fencingTokenOf(key: string): number {
    const token = this.keys.includes(key) ? this.lockOf(key)?.tokenOf(key) : undefined;
    if (token !== undefined) return token;
    throw new LockConfigError(`Key "${key}" is not among those of this hold (${this.keys.join(', ')}).`, {
      key,
      option: 'key',
    });
  }

  remainingMs(): number {
    if (!this.isHeld) return 0;
    const { clock } = this.client;
    return Math.max(0, Math.min(...this.locks.map((lock) => lock.hold.deadlineMs)) - clock.nowMs());
  }

  assertHeld(): void {
    const { loss } = this;
    if (loss) throw loss;
    if (this.isReleased) throw this.releasedError();
  }

  async extend(leaseTime: Duration): Promise<void> {
    const leaseMs = durationMs('leaseTime', leaseTime, { minMs: SHORTEST_LEASE_MS });
    for (const { client } of this.locks) {
      const { name, capabilities } = client.store;
      if (capabilities.leases) continue;
      throw new LockUnsupportedError(`The store "${name}" does not support leaseTime.`, {
        store: name,
        key: this.key,
      });
    }
    this.assertHeld();
    await Promise.all(this.locks.map((lock) => lock.extend(leaseMs)));
    this.assertHeld();
  }

  release(): Promise<void> {
    if (this.isReleased) return Promise.resolve();
    this.isReleased = true;
    if (this.locks.length === 1) return this.locks[0]!.leave();
    return Promise.all(this.locks.map((lock) => lock.leave())).then(() => undefined);
  }

  private releasedError(): LockLostError {
    const text = `Lock "${this.key}" is not held any more: this handle released it.`;
    return new LockLostError(text, { key: this.key, fencingToken: this.fencingTokenOf(this.key) });
  }
}
