// Compiled, never run: locks by hand, handles and errors, and what the compiler refuses.
import { Inject, Injectable } from '@nestjs/common';
import {
  isLockError,
  lockKey,
  LockClosedError,
  LockConfigError,
  LockError,
  type LockErrorCode,
  LockKeyError,
  LockLostError,
  type LockOptions,
  LockService,
  type LockState,
  LockStoreError,
  LockTimeoutError,
  LockUnsupportedError,
  LockUpgradeError,
  type LockHandle,
  type LockStore,
  type StoreCapabilities,
  type StoreOptions,
} from 'nestjs-distributed-lock';

const options: LockOptions = {
  waitTime: Infinity,
  leaseTime: '30s',
  mode: 'shared',
  fair: false,
  minHoldTime: 0,
  store: 'orders',
  signal: AbortSignal.timeout(1_000),
};

@Injectable()
export class Orders {
  constructor(@Inject(LockService) private readonly locks: LockService) {}

  async byHand(keys: readonly string[]): Promise<number> {
    await using lock = await this.locks.acquire('order:1', options);
    const several: LockHandle = await this.locks.acquire(keys);
    const perhaps: LockHandle | null = await this.locks.tryAcquire('order:1', { permits: 5, weight: 2 });
    await perhaps?.release();
    await lock.extend('10s');
    lock.assertHeld();
    const { signal, isHeld, owner } = lock;
    signal.throwIfAborted();
    return isHeld ? several.fencingTokenOf(keys[0] ?? owner) : lock.remainingMs();
  }

  async scoped(): Promise<string> {
    const number: number = await this.locks.withLock('a', (lock) => lock.fencingToken);
    const text: string = await this.locks.withLock(['a', 'b'], options, async (lock) =>
      Promise.resolve(lock.keys.join()),
    );
    const inner: LockHandle | undefined = this.locks.current() ?? this.locks.current('a');
    return `${number}${text}${inner?.key}`;
  }

  async look(): Promise<number> {
    const state: LockState = await this.locks.inspect('a', { store: 'orders' });
    const wasHeld: boolean = await this.locks.forceRelease('a');
    const [holder] = state.holders;
    return wasHeld && holder ? holder.fencingToken + holder.weight + holder.remainingMs : state.waiters;
  }
}

export const key: string = lockKey`vote:${1}:${'a'}:${true}:${10n}:${new Date(0)}`;

export function statusOf(error: unknown): number {
  if (!isLockError(error)) return 500;
  const { status, statusCode, expose, code, key: of } = error;
  return expose && of !== undefined && code !== 'LOCK_LOST' ? status : statusCode;
}

export function detailOf(error: LockError): unknown {
  if (error instanceof LockTimeoutError) return [error.waitedMs, error.retryAfterMs ?? 0];
  if (error instanceof LockLostError) return error.fencingToken;
  if (error instanceof LockStoreError) return error.store + error.operation;
  if (error instanceof LockUnsupportedError) return error.store;
  if (error instanceof LockConfigError) return error.option;
  return [LockKeyError, LockUpgradeError, LockClosedError].some((one) => error instanceof one);
}

export const WORDS: Record<LockErrorCode, string> = {
  LOCK_TIMEOUT: 'busy',
  LOCK_LOST: 'lost',
  LOCK_STORE: 'down',
  LOCK_KEY: 'nothing to lock on',
  LOCK_UPGRADE: 'more inside less',
  LOCK_UNSUPPORTED: 'not with this store',
  LOCK_CONFIG: 'a bad option',
  LOCK_CLOSED: 'closing',
};

export function describeStore(
  { name, capabilities }: LockStore,
  { clockTolerance = '10s' }: StoreOptions,
): string {
  const { shared, permits, leases, fairOrder, wakeUp }: StoreCapabilities = capabilities;
  return [name, clockTolerance, shared, permits, leases, fairOrder, wakeUp === 'poll'].join();
}

export async function refused(locks: LockService, lock: LockHandle, error: LockError): Promise<void> {
  // @ts-expect-error a key is a text
  await locks.acquire(7);
  // @ts-expect-error not a mode
  await locks.acquire('a', { mode: 'write' });
  // @ts-expect-error not a duration
  await locks.acquire('a', { waitTime: 'soon' });
  // @ts-expect-error permits are counted
  await locks.acquire('a', { permits: 'many' });
  // @ts-expect-error an option of the decorator
  await locks.acquire('a', { whenBusy: 'skip' });
  // @ts-expect-error the work is missing
  await locks.withLock('a', {});
  // @ts-expect-error the work gets a handle, not a text
  await locks.withLock('a', (text: string) => text);
  // @ts-expect-error null where it was busy
  void (await locks.tryAcquire('a')).release();
  // @ts-expect-error undefined outside of a lock
  void locks.current().release();
  // @ts-expect-error one key at a time
  await locks.inspect(['a', 'b']);
  // @ts-expect-error a handle is read, not written
  lock.key = 'b';
  // @ts-expect-error a token is read, not written
  lock.fencingToken = 1;
  // @ts-expect-error an object has no text of its own
  void lockKey`vote:${{}}`;
  // @ts-expect-error undefined makes no key
  void lockKey`vote:${undefined}`;
  // @ts-expect-error a code that does not exist
  if (error.code === 'LOCK_BUSY') return;
  // @ts-expect-error the base is abstract
  throw new LockError('a');
}
