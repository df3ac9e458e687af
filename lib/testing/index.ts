export { chapters as lockStoreContractChapters, lockStoreContract } from './contract/index.js';
export { type ContractCase, type ContractContext, type Need } from './contract/contract-case.js';
export {
  describeLockStore,
  type ContractRunner,
  type StoreUnderTest,
} from './contract/describe-lock-store.js';
export { type LockEvent, recordHistory, type HistoryRecorder } from './history.js';
export { assertHistory, checkHistory, type HistoryPromises, type Violation } from './history-checker.js';
export { manualClock, type ManualClock, type ManualClockOptions } from './manual-clock.js';
export { scriptedStore, type ScriptedStore, type ScriptedStoreOptions } from './scripted-store.js';
