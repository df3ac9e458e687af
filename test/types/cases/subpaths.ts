// Compiled, never run: the entry points beside the root, and what the compiler refuses.
import { describe, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import type { LockStore } from 'nestjs-distributed-lock';
import { mysqlStore } from 'nestjs-distributed-lock/mysql';
import { postgresStore } from 'nestjs-distributed-lock/postgres';
import { type RedisConnection, redisStore, type RedisWaiting } from 'nestjs-distributed-lock/redis';
import {
  type ContractCase,
  type ContractContext,
  describeLockStore,
  lockStoreContract,
  scriptedStore,
} from 'nestjs-distributed-lock/testing';
import { storeFromUrl } from 'nestjs-distributed-lock/url';
import { zookeeperStore } from 'nestjs-distributed-lock/zookeeper';

const waiting: RedisWaiting = {
  waiting: 'spin',
  spinInterval: '20ms',
  waitReplicas: 1,
  clockTolerance: '10s',
};
const connection: RedisConnection = { client: new Redis({ lazyConnect: true }) };
const sentinels = [{ host: '127.0.0.1', port: 26_379 }];

export const redisStores: LockStore[] = [
  redisStore(connection),
  redisStore({ url: 'redis://127.0.0.1', ...waiting }),
  redisStore({ sentinels, name: 'mymaster', options: { password: 'x' } }),
  redisStore({ nodes: sentinels, waiting: 'notify' }),
];

export const mysqlStores: LockStore[] = [
  mysqlStore({ url: 'mysql://127.0.0.1/app', strategy: 'lease', clockTolerance: '10s' }),
  mysqlStore({ pool: {}, table: 'app.locks' }),
];

export const postgresStores: LockStore[] = [
  postgresStore({ url: 'postgres://127.0.0.1/app', strategy: 'lease', clockTolerance: '10s' }),
  postgresStore({ pool: new Pool(), table: 'app.locks', listenUrl: 'postgres://127.0.0.1/app' }),
];

export const zookeeperStores: LockStore[] = [
  zookeeperStore({ connect: '127.0.0.1:2181' }),
  zookeeperStore({
    connect: 'a,b,c',
    sessionTimeout: '15s',
    root: '/locks',
    auth: { scheme: 'digest', credentials: 'u:p' },
    tls: { rejectUnauthorized: true },
  }),
];

export async function fromUrl(): Promise<LockStore> {
  return storeFromUrl(process.env['LOCK_URL'] ?? 'memory:');
}

export function contract(context: ContractContext): readonly string[] {
  describeLockStore('mine', context, { describe, it });
  return lockStoreContract.map((one: ContractCase) => `${one.name} ${one.needs.join()} ${typeof one.run}`);
}

export function scripted(): LockStore {
  const store = scriptedStore();
  store.busy('a');
  store.fail(new Error('down'));
  store.lose('a');
  store.clear();
  return store;
}

// @ts-expect-error nowhere to connect to
redisStore({});
// @ts-expect-error not a way to wait
redisStore({ url: 'redis://127.0.0.1', waiting: 'pubsub' });
// @ts-expect-error not a duration
redisStore({ url: 'redis://127.0.0.1', spinInterval: 'often' });
// @ts-expect-error sentinels need the master's name
redisStore({ sentinels });
// @ts-expect-error nowhere to connect to
mysqlStore({ table: 'locks' });
// @ts-expect-error nowhere to connect to
postgresStore({ table: 'locks' });
// @ts-expect-error not a strategy
postgresStore({ url: 'postgres://127.0.0.1/app', strategy: 'advisory' });
// @ts-expect-error nowhere to connect to
zookeeperStore({ root: '/locks' });
// @ts-expect-error not a way to say who one is
zookeeperStore({ connect: 'a', auth: { scheme: 'ip', credentials: 'u:p' } });
// @ts-expect-error not a URL
void storeFromUrl(7);
// @ts-expect-error a promise of a store is no store
export const early: LockStore = storeFromUrl('memory:');
// @ts-expect-error a runner has describe and it
describeLockStore('mine', { open: fromUrl, close: async () => Promise.resolve() }, { it });
// @ts-expect-error the contract is read
lockStoreContract.push();
// @ts-expect-error an error, not a text
scriptedStore().fail('down');
