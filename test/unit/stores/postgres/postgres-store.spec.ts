import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { isLockError, LockConfigError } from '../../../../lib/errors.js';
import { postgresStore, type PostgresStoreOptions } from '../../../../lib/stores/postgres/index.js';
import { freePort } from '../../../support/free-port.js';
import { openSession, type OpenSession, requestFor } from '../../../support/open-session.js';
import { PostgresServer } from '../../../support/postgres-server.js';
import { until } from '../../../support/until.js';

let server: PostgresServer;
const sessions: OpenSession[] = [];

beforeAll(async () => {
  server = await PostgresServer.start({ password: 'p:w/d' });
});
afterEach(async () => {
  await Promise.all(sessions.splice(0).map((session) => session.close()));
});
afterAll(async () => {
  await server.stop();
});

async function connect(options: PostgresStoreOptions, watchdogMs?: number): Promise<OpenSession> {
  const session = await openSession(postgresStore(options), watchdogMs);
  sessions.push(session);
  return session;
}

async function failure(work: Promise<unknown>): Promise<Error> {
  const error: unknown = await work.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (!isLockError(error)) throw error;
  return error;
}

/** A database of the test's own. */
async function database(name: string): Promise<string> {
  await server.admin.query(`CREATE DATABASE ${name}`);
  return server.urlOf('postgres', 'p:w/d', name);
}

describe('the options of a PostgreSQL store', () => {
  const url = 'postgres://h/db';
  const pool = new pg.Pool({ host: 'h' });

  it.each<[string, unknown, string]>([
    ['no way to connect', {}, 'url'],
    ['two ways to connect', { url, pool }, 'pool'],
    ['an address that is none', { url: 'secret:pw@@' }, 'url'],
    ['an address of another protocol', { url: 'http://localhost' }, 'url'],
    ['a stray per cent sign', { url: 'postgres://u:a%zz@localhost/db' }, 'url'],
    ['a number as address', { url: 5432 }, 'url'],
    ['a pool that is none', { pool: {} }, 'pool'],
    ['a client as pool', { pool: new pg.Client() }, 'pool'],
    ['an option that does not exist', { url, tabel: 'locks' }, 'tabel'],
    ['another strategy', { url, strategy: 'hope' }, 'strategy'],
    ['a table without a name', { url, table: 'app.' }, 'table'],
    ['a table of a database', { url, table: 'db.app.locks' }, 'table'],
    ['a table that is no text', { url, table: 7 }, 'table'],
    ['a table whose functions had cut names', { url, table: 'x'.repeat(42) }, 'table'],
    ['an address to listen that is none', { url, listenUrl: 'localhost' }, 'listenUrl'],
    [
      'an address to listen where nothing is said',
      { url, strategy: 'transaction', listenUrl: url },
      'listenUrl',
    ],
    ['a negative tolerance', { url, clockTolerance: -1 }, 'clockTolerance'],
  ])('are refused with %s', (_, options, option) => {
    const error = thrownBy(() => postgresStore(options as PostgresStoreOptions));
    expect(error).toBeInstanceOf(LockConfigError);
    expect(error).toMatchObject({ code: 'LOCK_CONFIG', option });
    expect((error as Error).message).toContain(`"${option}"`);
  });

  it('say what each strategy can do', () => {
    const leases = { shared: true, permits: true, leases: true, fairOrder: true, wakeUp: 'message' };
    expect(postgresStore({ url }).capabilities).toEqual(leases);
    expect(postgresStore({ url, strategy: 'lease' }).capabilities).toEqual(leases);
    const transactions = { ...leases, shared: false, permits: false, fairOrder: false };
    expect(postgresStore({ url, strategy: 'transaction' }).capabilities).toEqual(transactions);
  });

  it('show no password in an error, whatever is wrong', async () => {
    const badUrl = thrownBy(() => postgresStore({ url: 'http://u:hunter2@host/db' }));
    const wrong = await failure(connect({ url: server.urlOf('postgres', 'hunter2') }));
    const away = `postgres://u:hunter2@127.0.0.1:${await freePort()}/db`;
    const down = await failure(connect({ url: away }));
    const listening = await failure(connect({ url: server.url, listenUrl: away }));
    for (const error of [badUrl, wrong, down, listening]) {
      expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('hunter2');
    }
  });
});

describe('a PostgreSQL store that cannot serve', () => {
  it('says that the password is wrong', async () => {
    const wrong = await failure(connect({ url: server.urlOf('postgres', 'other') }));
    expect(wrong).toMatchObject({ code: 'LOCK_STORE', operation: 'connect', isTransient: false });
    expect(wrong.message).toContain('password authentication failed');
  });

  it('says that there is no such database', async () => {
    const error = await failure(connect({ url: server.urlOf('postgres', 'p:w/d', 'nowhere') }));
    expect(error).toMatchObject({ code: 'LOCK_STORE', isTransient: false });
    expect(error.message).toContain('"nowhere" does not exist');
  });

  it('says that the server is down, and serves the same store when it is up', async () => {
    const own = await PostgresServer.start();
    try {
      const store = postgresStore({ url: own.url });
      await own.kill();
      const down = await failure(openSession(store));
      expect(down).toMatchObject({ code: 'LOCK_STORE', operation: 'connect', isTransient: true });
      expect(down.message).toContain('ECONNREFUSED');
      await own.restart();
      const session = await openSession(store);
      sessions.push(session);
      expect((await session.acquire(requestFor('up'))).kind).toBe('held');
    } finally {
      await own.stop();
    }
  });

  it('fails while the server is away, and keeps what was held when it is back', async () => {
    const own = await PostgresServer.start();
    try {
      const session = await connect({ url: own.url });
      const held = requestFor('away', { leaseMs: 60_000 });
      const [grant] = grantsOf(await session.acquire(held));
      await own.kill();
      const error = await failure(session.acquire(requestFor('away')));
      expect(error).toMatchObject({ code: 'LOCK_STORE', isTransient: true, key: 'away' });
      session.hints.length = 0;
      await own.restart();
      await session.heard('all');
      const again = await until('it serves', () => session.acquire(held).catch(() => undefined));
      expect(grantsOf(again)[0]?.token).toBe(grant?.token);
    } finally {
      await own.stop();
    }
  });

  it('does not wait for ever for a server that stands still, neither at first nor later', async () => {
    const own = await PostgresServer.start();
    try {
      const session = await connect({ url: own.url }, 1_000);
      own.pause();
      const [later, first] = await Promise.all([
        failure(session.acquire(requestFor('still'))),
        failure(connect({ url: own.url }, 1_000)),
      ]);
      for (const error of [later, first])
        expect(error).toMatchObject({ code: 'LOCK_STORE', isTransient: true });
      expect(later.message).toContain('no answer for 1000 ms');
      own.resume();
      const reply = await until('it serves', () =>
        session.acquire(requestFor('still-2')).catch(() => undefined),
      );
      expect(reply.kind).toBe('held');
    } finally {
      own.resume();
      await own.stop();
    }
  });

  it('fails for the moment where the database is read-only', async () => {
    const url = await database('standby');
    const session = await connect({ url });
    await server.admin.query('ALTER DATABASE standby SET default_transaction_read_only = on');
    const readOnly = await connect({ url });
    const error = await failure(readOnly.acquire(requestFor('replica')));
    expect(error).toMatchObject({ code: 'LOCK_STORE', isTransient: true });
    expect(error.message).toContain('read-only');
    expect((await session.acquire(requestFor('replica'))).kind).toBe('held');
  });

  it('says so where its table or a function was dropped under it', async () => {
    const url = await database('dropped');
    const session = await connect({ url });
    const admin = new pg.Client({ connectionString: url });
    await admin.connect();
    await admin.query('DROP TABLE distributed_lock CASCADE');
    await admin.end();
    const error = await failure(session.acquire(requestFor('gone')));
    expect(error).toMatchObject({ code: 'LOCK_STORE', isTransient: false, key: 'gone' });
    expect(error.message).toContain('start the application again');
    expect((await (await connect({ url })).acquire(requestFor('gone'))).kind).toBe('held');
  });
});

describe('a pool that was handed in', () => {
  it('is used and not closed, and needs no connection for the listening', async () => {
    const pool = new pg.Pool({ connectionString: server.url, max: 1 });
    const session = await connect({ pool });
    const [holder, waiter] = [requestFor('handed'), requestFor('handed')];
    expect((await session.acquire(holder)).kind).toBe('held');
    expect((await session.acquire(waiter)).kind).toBe('busy');
    await session.release({ keys: ['handed'], owner: holder.owner, refuses: false, keepMs: 0 });
    await session.heard('called', waiter.owner);
    await session.close();
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await pool.end();
  });
});

function grantsOf(reply: Awaited<ReturnType<OpenSession['acquire']>>): readonly { token: number }[] {
  if (reply.kind !== 'held') throw new Error(`it answered ${reply.kind}`);
  return reply.grants;
}

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('it did not throw');
}
