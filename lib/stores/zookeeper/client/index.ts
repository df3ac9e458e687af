export { zooKeeperClient } from './protocol-client.js';
export type {
  CreateMode,
  MultiResult,
  MultiStep,
  SessionEvent,
  Stat,
  WatchEvent,
  Watcher,
  ZooKeeperAddress,
  ZooKeeperClient,
  ZooKeeperOptions,
} from './zookeeper-client.js';
export { ZooKeeperError, type ZooKeeperErrorCode } from './zookeeper-error.js';
