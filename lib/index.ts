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
export type { LockStore, StoreCapabilities, StoreOptions } from './line/store.js';
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
export { memoryStore } from './stores/memory/index.js';
export { type QuorumOptions, quorumStore } from './stores/quorum/index.js';
export { duration, type Duration } from './util/duration.js';
