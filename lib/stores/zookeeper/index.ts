export { zookeeperStore, type ZooKeeperStoreOptions } from './zookeeper-store.js';
