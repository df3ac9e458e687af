import type { LockStore, StoreCapabilities } from '../../line/store.js';
import type { Duration } from '../../util/duration.js';
import { STORE_NAME } from './zookeeper-errors.js';
import { readOptions } from './zookeeper-options.js';
import { openSession } from './zookeeper-session.js';

/** What {@link zookeeperStore} takes. */
export interface ZooKeeperStoreOptions {
  /** The servers of the ensemble, as ZooKeeper writes them: `'a:2181,b:2181,c:2181'`, or with a path that goes before `root`. */
  connect: string;
  /**
   * How long the ensemble keeps what this process holds after it heard from it last. Default one and a half times the
   * module's `watchdogTimeout`, so that a hold surely lasts that long; the servers allow 2 to 20 of their ticks. More
   * keeps locks through longer cuts and pauses, and a crashed process's locks as much longer.
   */
  sessionTimeout?: Duration;
  /** The node below which the locks stand. Default `'/distributed-lock'`; made where it is missing. */
  root?: string;
  /** Who the store is to the servers; its nodes are then nobody else's. `credentials` is `'user:password'`. */
  auth?: { scheme: 'digest'; credentials: string };
  /** TLS, to servers with a `secureClientPort`: options of `tls.connect`, such as `{ ca }`; `{}` for the defaults. */
  tls?: object;
}

const CAPABILITIES: StoreCapabilities = {
  shared: true,
  permits: true,
  leases: true,
  fairOrder: true,
  wakeUp: 'message',
  keptBy: 'session',
};

/**
 * Locks in a ZooKeeper ensemble, version 3.5 or later.
 *
 * @example zookeeperStore({ connect: 'a:2181,b:2181,c:2181' })
 * @throws LockConfigError
 */
export function zookeeperStore(options: ZooKeeperStoreOptions): LockStore {
  const settings = readOptions(options);
  return {
    name: STORE_NAME,
    capabilities: CAPABILITIES,
    connect: (context) => openSession(settings, context),
  };
}
