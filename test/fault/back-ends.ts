import { MariadbServer } from '../support/mariadb-server.js';
import { PostgresServer } from '../support/postgres-server.js';
import { RedisServer } from '../support/redis-server.js';
import { type BackEnd, LEASE_PROMISES } from './back-end.js';

/** The back ends that the shared scenarios run on: each adds its words and its own way to be broken. */

export const redis: BackEnd<RedisServer> = {
  name: 'Redis',
  start: () => RedisServer.start({ keepsData: true }),
  promises: { ...LEASE_PROMISES, hotWaiters: 1_000 },
  words: { acquire: 'evalsha', release: 'evalsha' },
  cutEars: (server) => server.admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub'),
};

/** A Redis that comes back empty. */
export const forgetfulRedis: BackEnd<RedisServer> = {
  ...redis,
  name: 'Redis without its data',
  start: () => RedisServer.start(),
  promises: { ...redis.promises, keepsData: false },
};

export const postgres: BackEnd<PostgresServer> = {
  name: 'PostgreSQL',
  start: () => PostgresServer.start({ settings: { max_connections: '300' } }),
  promises: LEASE_PROMISES,
  words: { acquire: '_acquire_', release: '_release_' },
  // The ear says nothing but LISTEN and its beat.
  cutEars: (server) =>
    server.admin.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE (query LIKE 'LISTEN %' OR query = 'SELECT 1') AND pid <> pg_backend_pid()`,
    ),
};

export const mysql: BackEnd<MariadbServer> = {
  name: 'MariaDB',
  start: () => MariadbServer.start({ settings: { 'max-connections': '300' } }),
  promises: LEASE_PROMISES,
  words: { acquire: '_ask_', release: '_release_' },
};
