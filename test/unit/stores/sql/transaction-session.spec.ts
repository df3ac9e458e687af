import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { LockRuntime } from '../../../../lib/core/lock-runtime.js';
import type { LockStore } from '../../../../lib/line/store.js';
import { mysqlStore } from '../../../../lib/stores/mysql/index.js';
import { postgresStore } from '../../../../lib/stores/postgres/index.js';
import type { Strategy } from '../../../../lib/stores/sql/strategy.js';
import { MariadbServer } from '../../../support/mariadb-server.js';
import { openSession, type OpenSession, requestFor } from '../../../support/open-session.js';
import { PostgresServer } from '../../../support/postgres-server.js';
import { until } from '../../../support/until.js';

/** What the tests ask of a server besides the store. */
interface Server {
  readonly port: number;
  column(sql: string): Promise<unknown[]>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

interface Dialect {
  start(): Promise<Server>;
  store(server: Server, strategy: Strategy): LockStore;
  /** Ends the connection that has a row locked. */
  killHolder(server: Server): Promise<unknown>;
  /** How many connections wait for a row. */
  readonly waiting: string;
  /** How many connections are in a transaction that keeps them. */
  readonly holding: string;
}

const LEASE_MS = 2_000;

const postgres: Dialect = {
  start: () => PostgresServer.start({ settings: { max_connections: '150' } }),
  store: (server, strategy) =>
    postgresStore({ url: `postgres://postgres@127.0.0.1:${server.port}/postgres`, strategy }),
  killHolder: (server) =>
    server.column(
      `SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE state = 'idle in transaction'`,
    ),
  waiting: `SELECT count(*)::int FROM pg_stat_activity WHERE wait_event_type = 'Lock'`,
  holding: `SELECT count(*)::int FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'`,
};

const mysql: Dialect = {
  start: () => MariadbServer.start(),
  store: (server, strategy) => mysqlStore({ url: `mysql://root@127.0.0.1:${server.port}/locks`, strategy }),
  killHolder: async (server) => {
    const [id] = await server.column(
      `SELECT trx_mysql_thread_id FROM information_schema.INNODB_TRX WHERE trx_state = 'RUNNING' AND trx_rows_locked > 0`,
    );
    return server.column(`KILL ${Number(id)}`).catch(() => undefined);
  },
  waiting: `SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE '%_exclusive%FOR UPDATE' AND COMMAND = 'Query'`,
  // INNODB_TRX shows what was there a tenth of a second ago.
  holding: `SELECT (SELECT COUNT(*) FROM distributed_lock_exclusive) - COUNT(*) FROM (
    SELECT id FROM distributed_lock_exclusive FOR UPDATE SKIP LOCKED
  ) AS free`,
};

describe.each([
  ['PostgreSQL', postgres],
  ['MariaDB', mysql],
])('transactions that hold locks on %s', (_, dialect) => {
  let server: Server;
  const sessions: OpenSession[] = [];
  const runtimes: LockRuntime[] = [];
  let keys = 0;

  beforeAll(async () => {
    server = await dialect.start();
    await (await connect()).close();
  });
  afterEach(async () => {
    await Promise.all(runtimes.splice(0).map((runtime) => runtime.shutdown()));
    await Promise.all(sessions.splice(0).map((session) => session.close()));
  });
  afterAll(async () => {
    await server.stop();
  });

  const newKey = (): string => `tx-${++keys}`;

  async function connect(strategy: Strategy = 'transaction'): Promise<OpenSession> {
    const session = await openSession(dialect.store(server, strategy), LEASE_MS);
    sessions.push(session);
    return session;
  }

  async function client(): Promise<LockRuntime> {
    const store = dialect.store(server, 'transaction');
    const config = { namespace: 'tx', waitMs: 20_000, watchdogMs: LEASE_MS, shutdownMs: 0 };
    const runtime = new LockRuntime({ store, ...config });
    runtimes.push(runtime);
    await runtime.start();
    return runtime;
  }

  const number = async (sql: string): Promise<number> => Number((await server.column(sql))[0]);
  const leave = (request: ReturnType<typeof requestFor>) =>
    ({ keys: request.keys, owner: request.owner, refuses: false, keepMs: 0 }) as const;

  it('take one connection for each key that is held and for each that is waited for, and leave none', async () => {
    const [a, b] = await Promise.all([connect(), connect()]);
    const held = Array.from({ length: 5 }, () => requestFor(newKey()));
    for (const request of held) expect((await a.acquire(request)).kind).toBe('held');
    const waiting = held.slice(0, 3).map(({ keys: [key] }) => requestFor(key!));
    for (const request of waiting) expect((await b.acquire(request)).kind).toBe('busy');
    await until('three wait', async () => (await number(dialect.waiting)) === 3);
    expect(await number(dialect.holding)).toBe(5);
    await Promise.all(waiting.map((request) => b.release(leave(request))));
    await Promise.all(held.map((request) => a.release(leave(request))));
    await until('nobody waits or holds', async () => {
      return (await number(dialect.waiting)) + (await number(dialect.holding)) === 0;
    });
  });

  it('grant greater tokens over a connection that was killed, and tell whose it was', async () => {
    const [a, b] = await Promise.all([connect(), connect()]);
    const key = newKey();
    const [first, second] = [requestFor(key, { leaseMs: 60_000 }), requestFor(key)];
    const before = await a.acquire(first);
    await b.acquire(second);
    await until('it waits', async () => (await number(dialect.waiting)) === 1);
    await dialect.killHolder(server);
    await b.heard('called', second.owner);
    const after = await b.acquire(second);
    expect(after.kind).toBe('held');
    const tokenOf = (reply: typeof before): number => ('grants' in reply ? reply.grants[0]!.token : 0);
    expect(tokenOf(after)).toBeGreaterThanOrEqual(tokenOf(before) + 64);
    await a.heard('gone', first.owner);
    expect(await a.renew([{ key, owner: first.owner, leaseMs: 60_000 }])).toEqual([0]);
    // Its record, and its release, are not taken for the next one's.
    await a.release(leave(first));
    expect((await a.inspect(key)).holders).toMatchObject([{ owner: second.owner, token: tokenOf(after) }]);
  });

  it('end by force wherever they are, and at once', async () => {
    const [a, b] = await Promise.all([connect(), connect()]);
    const key = newKey();
    const [first, second] = [requestFor(key, { leaseMs: 60_000 }), requestFor(key, { takesPlace: false })];
    await a.acquire(first);
    expect(await b.forceRelease(key)).toBe(true);
    expect((await b.acquire(second)).kind).toBe('held');
    await a.heard('gone', first.owner);
    expect(await b.forceRelease('never-held')).toBe(false);
  });

  it('and leases refuse a key that the other has in use, in both directions, and take it when it is idle', async () => {
    const [transactions, leases] = await Promise.all([connect('transaction'), connect('lease')]);
    const key = newKey();
    const refusal = { code: 'LOCK_CONFIG', option: 'strategy', key };
    for (const [one, other] of [
      [transactions, leases],
      [leases, transactions],
    ] as const) {
      const held = requestFor(key);
      expect((await one.acquire(held)).kind).toBe('held');
      await expect(other.acquire(requestFor(key, { takesPlace: false }))).rejects.toMatchObject(refusal);
      await expect(other.acquire(requestFor(key))).rejects.toMatchObject(refusal);
      await one.release(leave(held));
    }
    await until('nothing of it is left', async () => (await number(dialect.holding)) === 0);
  });

  it('end a wait that is aborted at once, on the server too', async () => {
    const [a, b] = await Promise.all([client(), client()]);
    const key = newKey();
    const lock = await a.acquire(key);
    const controller = new AbortController();
    const reason = new Error('no more');
    const wait = b.acquire(key, { signal: controller.signal }).catch((error: unknown) => error);
    await until('it waits', async () => (await number(dialect.waiting)) === 1);
    const control = new Promise((resolve) => {
      setTimeout(() => resolve('the control'), 50);
    }).then(async (name) => {
      await server.column('SELECT 1');
      return name;
    });
    controller.abort(reason);
    expect(await Promise.race([wait, control])).toBe(reason);
    await until('nobody waits at the server', async () => (await number(dialect.waiting)) === 0);
    await lock.release();
  });

  it('leave nothing locked where a wait is given up at the moment of its grant', async () => {
    const [a, b] = await Promise.all([connect(), connect()]);
    const key = newKey();
    for (let round = 0; round < 60; round++) {
      const [first, second] = [requestFor(key), requestFor(key)];
      expect((await a.acquire(first)).kind).toBe('held');
      await b.acquire(second);
      const leaving = [a.release(leave(first))];
      if (round % 3 > 0) await new Promise((resolve) => setTimeout(resolve, round % 3));
      leaving.push(b.release(leave(second)));
      await Promise.all(leaving);
      await until('the row is free', async () => {
        const next = requestFor(key, { takesPlace: false });
        const { kind } = await a.acquire(next);
        if (kind === 'held') await a.release(leave(next));
        return kind === 'held';
      });
    }
    expect(await number(dialect.waiting)).toBe(0);
  });

  it('keep a minHoldTime as long as the process lives', async () => {
    const [a, b] = await Promise.all([connect(), connect()]);
    const key = newKey();
    const first = requestFor(key);
    await a.acquire(first);
    await a.release({ ...leave(first), keepMs: 60_000 });
    expect((await b.acquire(requestFor(key, { takesPlace: false }))).kind).toBe('busy');
    expect((await b.inspect(key)).holders).toMatchObject([{ owner: '' }]);
    await a.close();
    sessions.splice(sessions.indexOf(a), 1);
    await until('it is free', async () => {
      return (await b.acquire(requestFor(key, { takesPlace: false }))).kind === 'held';
    });
  });

  it('are as many as fit, and a request for one more fails with the reason', async () => {
    const a = await connect();
    const held = Array.from({ length: 50 }, () => requestFor(newKey(), { leaseMs: 60_000 }));
    await Promise.all(held.map((request) => a.acquire(request)));
    const one = requestFor(newKey());
    const error: unknown = await a.acquire(one).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'LOCK_STORE', isTransient: true });
    expect((error as Error).message).toContain('all 50 connections for transactions are in use');
    await a.release(leave(held[0]!));
    expect((await a.acquire(one)).kind).toBe('held');
  });

  it('make new keys at once from many connections, without an error', async () => {
    const clients = await Promise.all(Array.from({ length: 4 }, () => connect()));
    const names = Array.from({ length: 8 }, newKey);
    for (const name of names) {
      const requests = clients.flatMap((session) =>
        Array.from({ length: 4 }, () => ({ session, request: requestFor(name, { takesPlace: false }) })),
      );
      const replies = await Promise.all(requests.map(({ session, request }) => session.acquire(request)));
      expect(replies.filter(({ kind }) => kind === 'held').length).toBeLessThanOrEqual(1);
      await Promise.all(requests.map(({ session, request }) => session.release(leave(request))));
    }
  });

  it('are told to their holders when the server is restarted, and tokens go on growing', async () => {
    const [a, b] = await Promise.all([client(), client()]);
    const key = newKey();
    const lock = await a.acquire(key);
    const lost = new Promise<void>((resolve) => {
      lock.signal.addEventListener('abort', () => resolve());
    });
    await server.restart();
    await lost;
    const next = await b.acquire(key);
    expect(next.fencingToken).toBeGreaterThan(lock.fencingToken);
    await next.release();
  });
});
