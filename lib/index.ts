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
export { memoryStore } from './stores/memory/index.js';
export { duration, type Duration } from './util/duration.js';
