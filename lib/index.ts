export type { LockEvent, LockEvents, LossKind, StoreEvent } from './core/lock-events.js';
export { LockHandle } from './core/lock-handle.js';
export type { LockOptions } from './core/lock-options.js';
export { LockService, type LockState } from './core/lock.service.js';
export {
  isLockError,
  LockClosedError,
  LockConfigError,
  LockError,
  type LockErrorCode,
  LockKeyError,
  LockLostError,
  LockStoreError,
  LockTimeoutError,
  LockUnsupportedError,
  LockUpgradeError,
} from './errors.js';
export {
  type AcquireReply,
  type AcquireRequest,
  type Grant,
  type Hint,
  type KeyPage,
  type KeyView,
  type LeaseRequest,
  type ListRequest,
  type LockStore,
  MODE_CAPACITY,
  type ReleaseRequest,
  type SessionContext,
  type StoreCapabilities,
  type StoreOptions,
  type StoreSession,
  TOKEN_BLOCK,
} from './line/store.js';
export type { KeyValue } from './key/key-value.js';
export { lockKey } from './key/lock-key.js';
export type { DistributedLockOptions } from './nest/decorator-options.js';
export {
  DistributedLock,
  type KeyFunction,
  type Lockable,
  type LockDecorator,
} from './nest/distributed-lock.decorator.js';
export { DistributedLockInterceptor } from './nest/distributed-lock.interceptor.js';
export { DistributedLockModule } from './nest/distributed-lock.module.js';
export type {
  DistributedLockModuleAsyncOptions,
  DistributedLockModuleOptions,
  DistributedLockOptionsFactory,
  ModuleExtras,
} from './nest/module-options.js';
export { CurrentLock, LockKey } from './nest/parameter-decorators.js';
export { DISTRIBUTED_LOCK_OPTIONS } from './nest/tokens.js';
export { memoryStore, type MemoryStoreOptions } from './stores/memory/index.js';
export { type QuorumOptions, quorumStore } from './stores/quorum/index.js';
export type { Clock, Timer, TimerOptions } from './util/clock.js';
export { duration, type Duration } from './util/duration.js';
