import type { LockStore, StoreCapabilities, StoreOptions } from '../../line/store.js';
import type { Duration } from '../../util/duration.js';
import { STORE_NAME } from './redis-errors.js';
import { readOptions } from './redis-options.js';
import { openSession } from './redis-session.js';

/** How requests wait for their turn. */
export interface RedisWaiting extends StoreOptions {
  /**
   * `'notify'` (default): a line in order of arrival, and a message when it is one's turn. `'spin'`: asks again and again,
   * for servers without pub/sub; excludes the same, but keeps no order.
   */
  waiting?: 'notify' | 'spin';
  /**
   * With `'spin'`: how long between two looks, jittered by half of it. Default 50 ms, at least 1 ms. Less notices a
   * release sooner, and costs the server as much more.
   */
  spinInterval?: Duration;
  /**
   * How many replicas must have a grant or a renewal before it counts. Default 0. More survives the loss of a master that
   * told nobody else, costs each acquire and renewal a round trip to the replicas, and grants nothing while they are
   * away. All of the replicas: never two believers in a fail-over.
   *
   * @see https://redis.io/docs/latest/commands/wait/
   */
  waitReplicas?: number;
}

/** Where one server of several listens. */
export interface RedisNode {
  host: string;
  port: number;
}

/**
 * Where the server is.
 *
 * `client` is an ioredis client, of version 5 or 6: the store opens connections of its own by `client.duplicate()`, so
 * that a blocking command, a transaction or an offline queue on it delays no renewal. It is never closed, its
 * `keyPrefix` does not apply. `sentinels` with `name` follow a fail-over; `nodes` are some of a Cluster.
 */
export type RedisConnection =
  | { url: string }
  | { client: object }
  | { sentinels: RedisNode[]; name: string; options?: object }
  | { nodes: RedisNode[]; options?: object };

/** Where the server is, and how requests wait on it. */
export type RedisStoreOptions = RedisConnection & RedisWaiting;

const NOTIFY: StoreCapabilities = {
  shared: true,
  permits: true,
  leases: true,
  fairOrder: true,
  wakeUp: 'message',
};
const SPIN: StoreCapabilities = { ...NOTIFY, fairOrder: false, wakeUp: 'poll' };

/**
 * Locks on a Redis server, version 6.2 or later.
 *
 * @example redisStore({ url: 'redis://localhost:6379' })
 * @throws LockConfigError, LockUnsupportedError
 */
export function redisStore(options: RedisStoreOptions): LockStore {
  const settings = readOptions(options);
  return {
    name: STORE_NAME,
    capabilities: settings.spinMs === undefined ? NOTIFY : SPIN,
    raisesTokens: true,
    tokensTellTime: true,
    connect: (context) => openSession(settings, context),
  };
}
