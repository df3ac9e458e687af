import { setTimeout as sleep } from 'node:timers/promises';
import { MariadbServer } from '../support/mariadb-server.js';
import { PostgresServer } from '../support/postgres-server.js';
import { RedisServer } from '../support/redis-server.js';
import { ZooKeeperEnsemble } from '../support/zookeeper-ensemble.js';
import { TICK_MS } from '../support/zookeeper-launcher.js';
import { ZooKeeperServer } from '../support/zookeeper-server.js';
import { type BackEnd, LEASE_PROMISES, type TestServer, TRANSACTION_PROMISES } from './back-end.js';

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

/** A server whose store holds by transactions. */
function byTransactions<Server extends TestServer>(server: Server): Server {
  return Object.create(server, { url: { value: server.url.replace('://', '+transaction://') } }) as Server;
}

export const postgresTransactions: BackEnd<PostgresServer> = {
  name: 'PostgreSQL, by transactions',
  start: async () => byTransactions(await postgres.start()),
  promises: TRANSACTION_PROMISES,
  words: { acquire: '_lock_row_', release: 'ROLLBACK' },
  waiters: async (server, key) => {
    const hex = Buffer.from(`fault:${key}`).toString('hex');
    const sql = `SELECT count(*)::int FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%x${hex}%'`;
    return Number((await server.column(sql))[0]);
  },
};

/** What INNODB_LOCKS shows is renewed only when nobody has read it for so long. */
const SEEN_ANEW_MS = 120;

export const mysqlTransactions: BackEnd<MariadbServer> = {
  name: 'MariaDB, by transactions',
  start: async () => byTransactions(await mysql.start()),
  promises: TRANSACTION_PROMISES,
  words: { acquire: '_lock_row_', release: '_unlock_row_' },
  waiters: async (server, key) => {
    await sleep(SEEN_ANEW_MS);
    const sql = `SELECT COUNT(DISTINCT w.requesting_trx_id) FROM information_schema.INNODB_LOCK_WAITS w
      JOIN information_schema.INNODB_LOCKS l ON l.lock_id = w.requested_lock_id
      WHERE l.lock_table LIKE '%exclusive%' AND l.lock_data = ?`;
    const hex = Buffer.from(`fault:${key}`).toString('hex').toUpperCase();
    return Number((await server.column(sql, [`0x${hex}`]))[0]);
  },
};

/** What a session leaves ends with it: one and a half leases, to the next tick. */
const deadSessionMs = (leaseMs: number): number => 1.5 * leaseMs + 2 * TICK_MS;

export const zookeeper = {
  name: 'ZooKeeper',
  start: () => ZooKeeperServer.start({ settings: { maxSessionTimeout: 60_000 } }),
  promises: {
    deadHolderMs: deadSessionMs,
    // Of clients whose lease is 2 s. They die together, however many they are.
    deadWaiterMs: deadSessionMs(2_000),
    deadWaitersMs: deadSessionMs(2_000),
    keepsData: true,
    outlivesCut: true,
    hotWaiters: 1_000,
  },
  // Of the name of a node: before the server has numbered it, and after.
  words: { acquire: '-x-', release: '-x-0' },
} satisfies BackEnd<ZooKeeperServer>;

/** Three servers as one, whose death is that of its leader. */
class Ensemble implements TestServer {
  private dead: ZooKeeperServer | undefined;

  constructor(readonly servers: ZooKeeperEnsemble) {}

  get port(): number {
    return this.servers.addresses[0]!.port;
  }

  get url(): string {
    return this.servers.url;
  }

  async kill(): Promise<void> {
    this.dead = await this.servers.leader();
    await this.dead.kill();
  }

  async restart(): Promise<void> {
    await this.dead?.restart();
  }

  async stop(): Promise<void> {
    await this.servers.stop();
  }
}

export const zookeeperEnsemble: BackEnd<Ensemble> = {
  ...zookeeper,
  name: 'ZooKeeper ensemble',
  start: async () => new Ensemble(await ZooKeeperEnsemble.start({ settings: { maxSessionTimeout: 60_000 } })),
};
