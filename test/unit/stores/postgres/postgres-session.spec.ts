import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { LockConfigError } from '../../../../lib/errors.js';
import type { LockStore } from '../../../../lib/line/store.js';
import { postgresStore, type PostgresStoreOptions } from '../../../../lib/stores/postgres/index.js';
import { openSession, type OpenSession, requestFor } from '../../../support/open-session.js';
import { PostgresServer } from '../../../support/postgres-server.js';
import { TcpProxy } from '../../../support/tcp-proxy.js';
import { until } from '../../../support/until.js';

let server: PostgresServer;
const sessions: OpenSession[] = [];
const pools: pg.Pool[] = [];

beforeAll(async () => {
  server = await PostgresServer.start({ settings: { max_connections: '300' } });
  await server.admin.query('CREATE DATABASE elsewhere');
});
afterEach(async () => {
  await Promise.all(sessions.splice(0).map((session) => session.close()));
  await Promise.all(pools.splice(0).map((pool) => pool.end()));
});
afterAll(async () => {
  await server.stop();
});

const leave = { refuses: false, keepMs: 0 };

async function open(store: LockStore, watchdogMs?: number): Promise<OpenSession> {
  const session = await openSession(store, watchdogMs);
  sessions.push(session);
  return session;
}

function session(options: Partial<PostgresStoreOptions> = {}): Promise<OpenSession> {
  return open(postgresStore({ url: server.url, ...options } as PostgresStoreOptions));
}

function poolOf(options: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool({ connectionString: server.url, ...options });
  pool.on('error', () => undefined);
  pools.push(pool);
  return pool;
}

/** A pool whose own connections lead to another database: a LISTEN on one is answered, and hears nothing of ours. */
function deafPool(): object {
  const pool = poolOf({});
  const options = { ...pool.options, connectionString: server.urlOf('postgres', undefined, 'elsewhere') };
  return { options, Client: pg.Client, connect: () => pool.connect() };
}

/** Ends the backends of a session that were last seen with such a statement. */
async function terminate(like: string): Promise<void> {
  const sql =
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE $1 AND pid <> pg_backend_pid()';
  await server.column(sql, [like]);
}

describe('a session that listens', () => {
  it('hears when its turn has come, and when its hold was ended by force', async () => {
    const [a, b] = await Promise.all([session(), session()]);
    const [holder, waiter] = [requestFor('turn'), requestFor('turn')];
    await a.acquire(holder);
    await b.acquire(waiter);
    await a.release({ keys: ['turn'], owner: holder.owner, ...leave });
    await b.heard('called', waiter.owner);
    await b.acquire(waiter);
    expect(await a.forceRelease('turn')).toBe(true);
    await b.heard('gone', waiter.owner);
  });

  it('listens again when its connection was ended, and is told to look', async () => {
    const store = postgresStore({ url: server.url });
    const [a, b] = [await session(), await open(store)];
    const [holder, waiter] = [requestFor('again'), requestFor('again')];
    await a.acquire(holder);
    await b.acquire(waiter);
    b.hints.length = 0;
    await terminate('%LISTEN%');
    await terminate('SELECT 1');
    // In the gap.
    await a.release({ keys: ['again'], owner: holder.owner, ...leave });
    await b.heard('all');
    expect((await b.acquire(waiter)).kind).toBe('held');
    await until('it hears again', () => store.capabilities.wakeUp === 'message');
    const next = requestFor('again');
    await b.acquire(next);
    await a.release({ keys: ['again'], owner: waiter.owner, ...leave });
    await b.heard('called', next.owner);
  });

  it('is called by a message again where it took its place while it was deaf, once it has looked', async () => {
    const proxy = await TcpProxy.start(server.port);
    const store = postgresStore({ url: proxy.through(server.url) });
    const [a, b] = [await session(), await open(store)];
    const [holder, waiter] = [requestFor('deaf'), requestFor('deaf')];
    await a.acquire(holder);
    proxy.refuse();
    await terminate('%LISTEN%');
    await terminate('SELECT 1');
    await until('it is deaf', () => store.capabilities.wakeUp === 'poll');
    await b.acquire(waiter);
    proxy.flow();
    await until('it hears again', () => store.capabilities.wakeUp === 'message');
    await b.acquire(waiter);
    await a.release({ keys: ['deaf'], owner: holder.owner, ...leave });
    await b.heard('called', waiter.owner);
    expect((await b.acquire(waiter)).kind).toBe('held');
    await b.close();
    await proxy.stop();
  });

  it('goes on when the connections of its commands were ended', async () => {
    const a = await session();
    const held = requestFor('ended');
    await a.acquire(held);
    await terminate('%_acquire_%');
    const again = await until('it serves', () => a.acquire(held).catch(() => undefined));
    expect(again.kind).toBe('held');
    expect((await a.inspect('ended')).holders).toHaveLength(1);
  });
});

describe('a session that hears nothing', () => {
  it('says so, looks for itself, and finds its turn', async () => {
    const store = postgresStore({ pool: deafPool() });
    expect(store.capabilities.wakeUp).toBe('message');
    const [a, b] = [await session(), await open(store)];
    expect(store.capabilities.wakeUp).toBe('poll');
    const [holder, waiter] = [requestFor('poll'), requestFor('poll')];
    await a.acquire(holder);
    await b.acquire(waiter);
    await a.release({ keys: ['poll'], owner: holder.owner, ...leave });
    await b.heard('called', waiter.owner);
    expect((await b.acquire(waiter)).kind).toBe('held');
  });

  it('is sent no messages', async () => {
    const b = await open(postgresStore({ pool: deafPool() }));
    const [holder, waiter] = [requestFor('silence'), requestFor('silence')];
    await b.acquire(holder);
    await b.acquire(waiter);
    const sql = `SELECT holder_session[1] < 0 AND line_session[1] < 0 FROM distributed_lock WHERE key = 'silence'`;
    expect(await server.column(sql)).toEqual([true]);
  });

  it('hears on the direct connection that listenUrl names', async () => {
    const store = postgresStore({ pool: deafPool(), listenUrl: server.url });
    const b = await open(store);
    expect(store.capabilities.wakeUp).toBe('message');
    const [holder, waiter] = [requestFor('direct'), requestFor('direct')];
    await b.acquire(holder);
    await b.acquire(waiter);
    await b.release({ keys: ['direct'], owner: holder.owner, ...leave });
    await b.heard('called', waiter.owner);
  });

  it('is no session where listenUrl was meant to hear', async () => {
    const listenUrl = server.urlOf('postgres', undefined, 'elsewhere');
    await expect(session({ listenUrl })).rejects.toThrow(LockConfigError);
    await expect(session({ listenUrl })).rejects.toMatchObject({ option: 'listenUrl' });
  });
});

describe('commands that meet', () => {
  it.each(['read committed', 'repeatable read', 'serializable'])(
    'on 64 new keys, from 64 connections, all succeed: at %s',
    async (isolation) => {
      const options = `-c default_transaction_isolation=${isolation.replaceAll(' ', '\\ ')}`;
      const pool = poolOf({ options, max: 64 });
      // A pool that all of them wait for is slow on a busy machine, and no server that is silent.
      const all = await Promise.all(Array.from({ length: 64 }, () => open(postgresStore({ pool }), 180_000)));
      const keys = Array.from({ length: 64 }, (_, index) => `race:${isolation}:${index}`);
      const held = await Promise.all(
        all.map(async (one, at) => {
          // Each begins at another key.
          const order = [...keys.slice(at), ...keys.slice(0, at)];
          const replies = await Promise.all(
            order.map((key) => one.acquire(requestFor(key, { takesPlace: false, leaseMs: 60_000 }))),
          );
          return replies.filter(({ kind }) => kind === 'held').length;
        }),
      );
      expect(held.reduce((sum, count) => sum + count)).toBe(64);
    },
  );

  it('on the same keys in any number never wait in a circle', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => session()));
    const keys = ['circle:a', 'circle:b', 'circle:c'];
    const grants = await Promise.all(
      all.map(async (one) => {
        let count = 0;
        for (let round = 0; round < 20; round++) {
          const request = requestFor('', { keys, takesPlace: false });
          const reply = await one.acquire(request);
          if (reply.kind === 'held') count++;
          await one.release({ keys, owner: request.owner, ...leave });
        }
        return count;
      }),
    );
    expect(grants.reduce((sum, count) => sum + count)).toBeGreaterThan(0);
  });

  it('with a transaction that keeps the row fail for the moment, and other keys do not wait', async () => {
    const a = await session();
    await a.acquire(requestFor('blocked'));
    const admin = await server.admin.connect();
    await admin.query('BEGIN');
    await admin.query(`SELECT FROM distributed_lock WHERE key = 'blocked' FOR UPDATE`);
    const blocked = a.acquire(requestFor('blocked'));
    expect((await a.acquire(requestFor('free'))).kind).toBe('held');
    await expect(blocked).rejects.toMatchObject({ code: 'LOCK_STORE', isTransient: true, key: 'blocked' });
    await admin.query('COMMIT');
    admin.release();
    expect((await a.acquire(requestFor('blocked'))).kind).toBe('busy');
  });
});

describe('a caller with a transaction of its own', () => {
  it('neither sees a stale lock nor holds on an old clock', async () => {
    const pool = poolOf({ max: 3 });
    const [a, b] = [await session({ pool, url: undefined } as never), await session()];
    const first = requestFor('stale', { leaseMs: 150 });
    await b.acquire(requestFor('other'));
    const caller = await pool.connect();
    await caller.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await caller.query('SELECT count(*) FROM distributed_lock');
    const reply = await b.acquire(first);
    expect((await a.acquire(requestFor('stale', { takesPlace: false }))).kind).toBe('busy');
    const next = requestFor('stale');
    const late = await until('the lease has ended', async () => {
      const one = await a.acquire(next);
      return one.kind === 'held' ? one : undefined;
    });
    expect(late.grants[0]!.token).toBeGreaterThan(reply.kind === 'held' ? reply.grants[0]!.token : Infinity);
    await caller.query('ROLLBACK');
    caller.release();
    expect((await b.inspect('stale')).holders).toMatchObject([{ owner: next.owner }]);
  });
});

describe('what is left in the table', () => {
  it('is nothing, once the last token is no longer of use', async () => {
    const table = 'swept';
    const [a] = await Promise.all([session({ table, clockTolerance: 50 }), session({ table })]);
    const requests = Array.from({ length: 700 }, (_, index) => requestFor(`left:${index}`, { leaseMs: 400 }));
    await Promise.all(requests.map((request) => a.acquire(request)));
    // Some are given back, the others end by themselves; one waits and goes away without a word.
    for (const { keys, owner } of requests.slice(0, 100)) await a.release({ keys, owner, ...leave });
    await a.acquire(requestFor('left:699'));
    expect(await server.column('SELECT count(*)::int FROM swept')).toEqual([700]);
    await until('every row is gone', async () => {
      const [left] = await server.column('SELECT count(*)::int FROM swept');
      return left === 0;
    });
  });

  it('keeps a lock that is held, and a token, for as long as they count', async () => {
    const table = 'kept';
    const a = await session({ table, clockTolerance: '1h' });
    const [held, given] = [requestFor('held', { leaseMs: 60_000 }), requestFor('given')];
    await a.acquire(held);
    await a.acquire(given);
    await a.release({ keys: ['given'], owner: given.owner, ...leave });
    const name = (
      await server.column(`SELECT proname FROM pg_proc WHERE proname LIKE 'kept\\_sweep\\_%'`)
    )[0] as string;
    expect(await server.column(`SELECT ${name}('', 100)`)).toEqual([expect.stringMatching(/^2 0 /)]);
    expect((await a.acquire(held)).kind).toBe('held');
  });
});

describe('a session that is closed', () => {
  it('answers nothing', async () => {
    const a = await session();
    await a.close();
    await expect(a.acquire(requestFor('closed'))).rejects.toMatchObject({
      code: 'LOCK_STORE',
      isTransient: false,
      key: 'closed',
    });
  });
});
