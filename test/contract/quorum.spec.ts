import { afterAll, beforeAll, describe, it } from '@jest/globals';
import type { LockStore } from '../../lib/line/store.js';
import { postgresStore } from '../../lib/stores/postgres/index.js';
import { quorumStore } from '../../lib/stores/quorum/index.js';
import { redisStore } from '../../lib/stores/redis/index.js';
import { describeLockStore } from '../../lib/testing/index.js';
import { PostgresServer } from '../support/postgres-server.js';
import { RedisServer } from '../support/redis-server.js';

/** Over servers that know nothing of each other: majorities of three, of five, and of two kinds. */
let servers: RedisServer[] = [];
let postgres: PostgresServer;

beforeAll(async () => {
  postgres = await PostgresServer.start({ settings: { max_connections: '300' } });
  servers = await Promise.all(Array.from({ length: 5 }, () => RedisServer.start()));
});
afterAll(async () => {
  await Promise.all([postgres.stop(), ...servers.map((server) => server.stop())]);
});

const redis = (count: number): LockStore[] => servers.slice(0, count).map(({ url }) => redisStore({ url }));
const capabilities = {
  shared: true,
  permits: false,
  leases: true,
  fairOrder: false,
  wakeUp: 'message',
} as const;
const close = async (): Promise<void> => undefined;

describeLockStore(
  'quorum of three Redis',
  { open: async () => quorumStore(redis(3)), close, capabilities },
  { describe, it },
);
describeLockStore(
  'quorum of five Redis',
  { open: async () => quorumStore(redis(5)), close, capabilities },
  { describe, it },
);
describeLockStore(
  'quorum of two Redis and a PostgreSQL',
  { open: async () => quorumStore([...redis(2), postgresStore({ url: postgres.url })]), close, capabilities },
  { describe, it },
);
