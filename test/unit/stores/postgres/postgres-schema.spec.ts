import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { isLockError, LockConfigError } from '../../../../lib/errors.js';
import { postgresStore, type PostgresWaiting } from '../../../../lib/stores/postgres/index.js';
import { openSession, type OpenSession, requestFor } from '../../../support/open-session.js';
import { PostgresServer } from '../../../support/postgres-server.js';

let server: PostgresServer;
const sessions: OpenSession[] = [];

beforeAll(async () => {
  server = await PostgresServer.start({ settings: { max_connections: '200' } });
});
afterEach(async () => {
  await Promise.all(sessions.splice(0).map((session) => session.close()));
});
afterAll(async () => {
  await server.stop();
});

async function connect(url: string, more: PostgresWaiting = {}): Promise<OpenSession> {
  const session = await openSession(postgresStore({ url, ...more }));
  sessions.push(session);
  return session;
}

/** A database of the test's own, and its administrator. */
async function database(name: string, ...statements: string[]): Promise<string> {
  await server.admin.query(`CREATE DATABASE ${name}`);
  const url = server.urlOf('postgres', undefined, name);
  await administer(url, ...statements);
  return url;
}

async function administer(url: string, ...statements: string[]): Promise<void> {
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  for (const statement of statements) await admin.query(statement);
  await admin.end();
}

async function failure(work: Promise<unknown>): Promise<Error> {
  const error: unknown = await work.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (!isLockError(error)) throw error;
  return error;
}

describe('the table and its functions', () => {
  it('are made by whoever comes first, however many come at once', async () => {
    const url = await database('crowd');
    const all = await Promise.all(Array.from({ length: 12 }, () => connect(url)));
    const replies = await Promise.all(
      all.map((session, index) => session.acquire(requestFor(`crowd:${index}`))),
    );
    expect(replies.map(({ kind }) => kind)).toEqual(all.map(() => 'held'));
  });

  it.each([
    ['locks', 'locks'],
    ['app.locks', 'locks'],
    ['My "Locks"', 'My "Locks"'],
    ['"a.b".c d', 'c d'],
    ["it's; DROP TABLE x --", "it's; DROP TABLE x --"],
    ['ключи', 'ключи'],
  ])('take the name %s', async (table, name) => {
    const url = server.url;
    await administer(url, 'CREATE SCHEMA IF NOT EXISTS app', 'CREATE SCHEMA IF NOT EXISTS "a.b"');
    const [a, b] = [await connect(url, { table }), await connect(url)];
    const request = requestFor('named');
    expect((await a.acquire(request)).kind).toBe('held');
    expect((await b.inspect('named')).holders).toEqual([]);
    const found = await server.column('SELECT count(*)::int FROM pg_tables WHERE tablename = $1', [name]);
    expect(found[0]).toBeGreaterThan(0);
    expect((await (await connect(url, { table })).inspect('named')).holders).toHaveLength(1);
  });

  it('leave a table of another shape alone, and say so', async () => {
    const shapes = [
      'CREATE TABLE distributed_lock (key text PRIMARY KEY)',
      'CREATE VIEW distributed_lock AS SELECT 1 AS key',
    ];
    for (const [index, shape] of shapes.entries()) {
      const url = await database(`shape${index}`, shape);
      const error = await failure(connect(url));
      expect(error).toBeInstanceOf(LockConfigError);
      expect(error).toMatchObject({ option: 'table' });
      expect(error.message).toContain('"public"."distributed_lock"');
    }
  });

  it('are asked for by an error where the user may not make them, in words that make them', async () => {
    const owner = await database('rights', 'CREATE USER app', 'REVOKE CREATE ON SCHEMA public FROM PUBLIC');
    const app = server.urlOf('app', undefined, 'rights');
    const error = await failure(connect(app));
    expect(error).toMatchObject({ code: 'LOCK_STORE', operation: 'connect', isTransient: false });
    expect(error.message).toContain('permission denied for schema public');
    const script = error.message.slice(error.message.indexOf('\n\n')).replaceAll('<user>', 'app');
    await administer(owner, script);
    const [a, b] = [await connect(app), await connect(app)];
    const [holder, waiter] = [requestFor('mine'), requestFor('mine')];
    expect((await a.acquire(holder)).kind).toBe('held');
    expect((await b.acquire(waiter)).kind).toBe('busy');
    expect(await a.renew([{ key: 'mine', owner: holder.owner, leaseMs: 1_000 }])).toHaveLength(1);
    await a.release({ keys: ['mine'], owner: holder.owner, refuses: true, keepMs: 0 });
    await b.heard('called', waiter.owner);
    expect(await b.forceRelease('mine')).toBe(false);
  });

  it('serve who may use them and nothing else, once somebody else has made them', async () => {
    const owner = await database('made', 'CREATE USER user_of_it');
    await connect(owner);
    const app = server.urlOf('user_of_it', undefined, 'made');
    const denied = await failure((await connect(app)).acquire(requestFor('denied')));
    expect(denied).toMatchObject({ isTransient: false });
    expect(denied.message).toContain('Give the user the rights');
    await administer(
      owner,
      'GRANT USAGE ON SCHEMA public TO user_of_it',
      'GRANT SELECT, INSERT, UPDATE, DELETE ON distributed_lock, distributed_lock_exclusive TO user_of_it',
    );
    for (const strategy of ['lease', 'transaction'] as const) {
      const session = await connect(app, { strategy });
      const request = requestFor('allowed');
      expect((await session.acquire(request)).kind).toBe('held');
      await session.release({ keys: ['allowed'], owner: request.owner, refuses: false, keepMs: 0 });
      expect((await session.acquire(requestFor('allowed'))).kind).toBe('held');
      expect(await session.forceRelease('allowed')).toBe(true);
    }
  });

  it('need a schema to stand in', async () => {
    const url = await database('homeless', 'DROP SCHEMA public CASCADE');
    const error = await failure(connect(url));
    expect(error).toBeInstanceOf(LockConfigError);
    expect(error.message).toContain('write the schema in option "table"');
  });
});
