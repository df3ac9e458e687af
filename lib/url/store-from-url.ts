import { LockConfigError } from '../errors.js';
import type { LockStore } from '../line/store.js';
import { clusterFromUrl, redisFromUrl, sentinelFromUrl } from './redis-schemes.js';
import { memoryFromUrl, mysqlFromUrl, postgresFromUrl } from './schemes.js';
import { onlyOneHost, refusal, schemeOf, splitUrl, type UrlParts } from './url-parts.js';
import { zookeeperFromUrl } from './zookeeper-scheme.js';

const OPENERS: ReadonlyMap<string, (parts: UrlParts) => Promise<LockStore>> = new Map([
  ['memory', memoryFromUrl],
  ['redis', redisFromUrl],
  ['rediss', redisFromUrl],
  ['redis+spin', redisFromUrl],
  ['rediss+spin', redisFromUrl],
  ['redis+sentinel', sentinelFromUrl],
  ['rediss+sentinel', sentinelFromUrl],
  ['redis+cluster', clusterFromUrl],
  ['rediss+cluster', clusterFromUrl],
  ['postgres', postgresFromUrl],
  ['postgresql', postgresFromUrl],
  ['postgres+transaction', postgresFromUrl],
  ['postgresql+transaction', postgresFromUrl],
  ['mysql', mysqlFromUrl],
  ['mysql+transaction', mysqlFromUrl],
  ['zookeeper', zookeeperFromUrl],
]);

/** Schemes whose back end may be several servers, with commas between them. */
const OF_SEVERAL_HOSTS = new Set([
  'redis+sentinel',
  'rediss+sentinel',
  'redis+cluster',
  'rediss+cluster',
  'zookeeper',
]);

/**
 * Makes a store from one text, such as an environment variable. It loads the driver that the scheme needs, and no other;
 * nothing is connected yet.
 *
 * `memory:` · `redis://[user:password@]host[:port][/database]`, `rediss://` over TLS, `redis+spin://` and
 * `rediss+spin://` where the server has no pub/sub. Redis takes the options of its store as a query, such as
 * `?clockTolerance=10s&waitReplicas=1`, and with `+spin` also `?spinInterval=50ms`. With `redis+sentinel://` the hosts are
 * sentinels, a path follows with the name of their master, and `sentinelUsername` and `sentinelPassword` are for them; with
 * `redis+cluster://` they are some nodes of the cluster; both over TLS with `rediss+`. `postgres://[user:password@]host[:port]/database`
 * takes `clockTolerance`, `table`, `listenUrl`, and the driver's `sslmode`, `sslrootcert`, `sslcert` and `sslkey`.
 * `mysql://[user:password@]host[:port]/database` takes `clockTolerance`, `table`, and the driver's `ssl`. With
 * `postgres+transaction://` and `mysql+transaction://` a transaction that stays open holds the lock.
 * `zookeeper://[user:password@]host[:port][,host[:port]…][/root]` takes `sessionTimeout`.
 *
 * No error shows the URL, which may hold a password.
 *
 * @example storeFromUrl(process.env.LOCK_URL ?? 'memory:')
 * @throws LockConfigError where it is no such URL, or the driver is not installed
 */
export async function storeFromUrl(url: string): Promise<LockStore> {
  const scheme = schemeOf(url);
  const open = OPENERS.get(scheme);
  if (open === undefined) throw refusal(`has the unknown scheme "${scheme}"; use ${known()}`);
  return withDriver(() => {
    const parts = splitUrl(url);
    if (!OF_SEVERAL_HOSTS.has(scheme)) onlyOneHost(parts);
    return open(parts);
  });
}

function known(): string {
  const [first, ...others] = OPENERS.keys();
  return [`${first}:`, ...others.map((scheme) => `${scheme}://`)].join(', ');
}

async function withDriver(open: () => Promise<LockStore>): Promise<LockStore> {
  try {
    return await open();
  } catch (error) {
    const missing = /Cannot find (?:package|module) '([^'./][^']*)'/.exec(String(error))?.[1];
    if (missing === undefined) throw error;
    throw new LockConfigError(
      `The store URL needs the package "${missing}", which is not installed. Run: npm install ${missing}`,
      { option: 'url', cause: error },
    );
  }
}
