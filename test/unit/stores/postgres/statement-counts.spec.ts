import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { StoreSession } from '../../../../lib/line/store.js';
import { postgresStore } from '../../../../lib/stores/postgres/index.js';
import { REVISION } from '../../../../lib/stores/postgres/statements.generated.js';
import { openSession, type OpenSession, requestFor } from '../../../support/open-session.js';
import { countStatements } from '../../../support/postgres-counts.js';
import { PostgresServer } from '../../../support/postgres-server.js';

/** What the store costs the server, counted there. */

let server: PostgresServer;
const open: OpenSession[] = [];
const pools: pg.Pool[] = [];

beforeAll(async () => {
  server = await PostgresServer.start({ settings: { shared_preload_libraries: 'pg_stat_statements' } });
  await (await session()).acquire(requestFor('warm'));
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
  await Promise.all(pools.splice(0).map((pool) => pool.end()));
});
afterAll(async () => {
  await server.stop();
});

async function session(
  options: { pool: pg.Pool } | { url: string; strategy?: 'transaction' } = { url: server.url },
): Promise<OpenSession> {
  const one = await openSession(postgresStore(options));
  open.push(one);
  return one;
}

function give(on: StoreSession, { keys, owner }: { keys: readonly string[]; owner: string }): Promise<void> {
  return on.release({ keys, owner, refuses: false, keepMs: 0 });
}

/** A holder and so many who wait, on a key of their own. */
async function lineOf(waiting: number) {
  const [a, b] = await Promise.all([session(), session()]);
  const key = `line:${waiting}:${requestFor('x').owner}`;
  const holder = requestFor(key);
  await a.acquire(holder);
  const requests = Array.from({ length: waiting }, () => requestFor(key));
  await Promise.all(requests.map((request) => b.acquire(request)));
  expect((await a.inspect(key)).waiters).toBe(waiting);
  return { a, b, holder, requests };
}

describe('the statements that clients send', () => {
  it('are two for an uncontended pair, on a key that is new and on one that is known', async () => {
    const a = await session();
    for (const _ of ['new', 'known']) {
      const request = requestFor('pair');
      const counts = await countStatements(server.admin, async () => {
        expect((await a.acquire(request)).kind).toBe('held');
        await give(a, request);
      });
      expect(counts).toEqual({ calls: { acquire: 1, release: 1 }, others: [] });
    }
  });

  it('are two for a hand-over, however many wait', async () => {
    for (const waiting of [1, 10, 200]) {
      const { a, b, holder, requests } = await lineOf(waiting);
      const counts = await countStatements(server.admin, async () => {
        await give(a, holder);
        await b.heard('called', requests[0]!.owner);
        expect((await b.acquire(requests[0]!)).kind).toBe('held');
      });
      expect({ waiting, ...counts }).toEqual({ waiting, calls: { acquire: 1, release: 1 }, others: [] });
      expect(b.hints.filter(({ kind }) => kind === 'called')).toHaveLength(1);
    }
  });

  it('are a few for the looks of many waiters of a process, which go together', async () => {
    const { b, requests } = await lineOf(200);
    const counts = await countStatements(server.admin, async () => {
      const replies = await Promise.all(requests.map((request) => b.acquire(request)));
      expect(new Set(replies.map(({ kind }) => kind))).toEqual(new Set(['busy']));
    });
    expect(counts.others).toEqual([]);
    expect(counts.calls['acquire']).toBeLessThanOrEqual(5);
  });

  it('are one for the renewal of a hundred leases', async () => {
    const a = await session();
    const requests = Array.from({ length: 100 }, (_, index) => requestFor(`renewed:${index}`));
    for (const request of requests) await a.acquire(request);
    const leases = requests.map(({ keys, owner }) => ({ key: keys[0]!, owner, leaseMs: 20_000 }));
    const counts = await countStatements(server.admin, async () => {
      const rests = await a.renew(leases);
      expect(rests.every((restMs) => restMs === 20_000)).toBe(true);
    });
    expect(counts).toEqual({ calls: { renew: 1 }, others: [] });
  });
});

describe('the statements of transactions that hold locks', () => {
  const OPENED = [
    'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE',
    ...['idle_in_transaction_session_timeout', 'lock_timeout', 'statement_timeout'].map(
      (name) => `SET LOCAL ${name} = $1`,
    ),
  ];

  it('are for a pair one message that opens and locks, one that ends, and one each on record', async () => {
    const a = await session({ url: server.url, strategy: 'transaction' });
    const first = requestFor('tx-pair');
    await a.acquire(first);
    await give(a, first);
    const request = requestFor('tx-pair');
    const counts = await countStatements(server.admin, async () => {
      expect((await a.acquire(request)).kind).toBe('held');
      await give(a, request);
    });
    expect(counts.calls).toEqual({ lock_row: 1, acquire: 1, release: 1 });
    expect(counts.others.map(withoutNumbers).sort()).toEqual([...OPENED, 'ROLLBACK'].sort());
  });

  it('are as many for a hand-over, the wait of the next one being one of them', async () => {
    const [a, b] = await Promise.all([1, 2].map(() => session({ url: server.url, strategy: 'transaction' })));
    const [holder, next] = [requestFor('tx-hand'), requestFor('tx-hand')];
    await a!.acquire(holder);
    await b!.acquire(next);
    const sql = `SELECT count(*)::int FROM pg_stat_activity WHERE wait_event_type = 'Lock'`;
    while ((await server.column(sql))[0] !== 1);
    const counts = await countStatements(server.admin, async () => {
      await give(a!, holder);
      await b!.heard('called', next.owner);
      expect((await b!.acquire(next)).kind).toBe('held');
    });
    // Its wait ended now, so it is counted now; and what was granted while nobody looked begins to count with the look.
    expect(counts.calls).toEqual({ lock_row: 1, acquire: 1, release: 1 });
    const { others } = counts;
    expect(others.map(withoutNumbers).sort()).toEqual([
      'ROLLBACK',
      'SET LOCAL idle_in_transaction_session_timeout = $1',
    ]);
  });

  it('are one for the renewal of each key, and one for all of them on record', async () => {
    const a = await session({ url: server.url, strategy: 'transaction' });
    const requests = Array.from({ length: 10 }, (_, index) => requestFor(`tx-renewed:${index}`));
    for (const request of requests) await a.acquire(request);
    const leases = requests.map(({ keys, owner }) => ({ key: keys[0]!, owner, leaseMs: 20_000 }));
    const counts = await countStatements(server.admin, async () => {
      const rests = await a.renew(leases);
      expect(rests.every((restMs) => restMs > 19_000)).toBe(true);
    });
    expect(counts.calls).toEqual({ renew: 1 });
    expect(new Set(counts.others.map(withoutNumbers))).toEqual(
      new Set(['SET LOCAL idle_in_transaction_session_timeout = $1']),
    );
  });
});

describe('the rows that transactions lock', () => {
  it('are swept with those of the keys, and never while somebody has them', async () => {
    const name = 'swept_tx';
    await server.admin.query(`CREATE DATABASE ${name}`);
    const store = { url: server.urlOf('postgres', undefined, name), strategy: 'transaction' as const };
    const a = await openSession(postgresStore({ ...store, clockTolerance: 0 }));
    open.push(a);
    const admin = new pg.Pool({ connectionString: store.url });
    pools.push(admin);
    const rows = async (table: string): Promise<unknown[]> => {
      const { rows: found } = await admin.query(
        `SELECT convert_from(key, 'UTF8') AS key FROM ${table} ORDER BY 1`,
      );
      return found.map((row: { key: string }) => row.key);
    };
    const sweep = `SELECT distributed_lock_sweep_${REVISION}('', 500)`;
    const [held, gone] = [requestFor('held'), requestFor('gone')];
    await a.acquire(held);
    await a.acquire(gone);
    await give(a, gone);
    await admin.query(`DELETE FROM distributed_lock WHERE key = 'held'`);
    // The first takes the row of the key, the next what it leaves without one.
    for (const _ of ['the key', 'its row']) await admin.query(sweep);
    expect(await rows('distributed_lock')).toEqual([]);
    expect(await rows('distributed_lock_exclusive')).toEqual(['held']);
    await give(a, held);
    await admin.query(sweep);
    expect(await rows('distributed_lock_exclusive')).toEqual([]);
  });
});

/** Servers before 16 tell the values of a SET, later ones do not. */
function withoutNumbers(sql: string): string {
  return sql.replace(/= \$?\d+$/, '= $1');
}

describe('the connections of a process', () => {
  it('are those of its pool, two here, and one to listen, with 50 keys held and 200 requests waiting', async () => {
    const pool = new pg.Pool({ connectionString: server.url, max: 2, application_name: 'counted' });
    pools.push(pool);
    const a = await session({ pool });
    const held = Array.from({ length: 50 }, (_, index) => requestFor(`held:${index}`));
    for (const reply of await Promise.all(held.map((one) => a.acquire(one)))) expect(reply.kind).toBe('held');
    const waiting = held.flatMap(({ keys }) => Array.from({ length: 4 }, () => requestFor(keys[0]!)));
    const replies = await Promise.all(waiting.map((request) => a.acquire(request)));
    expect(new Set(replies.map(({ kind }) => kind))).toEqual(new Set(['busy']));
    const sql = `SELECT count(*)::int FROM pg_stat_activity WHERE application_name = 'counted'`;
    expect(await server.column(sql)).toEqual([3]);
    await Promise.all(held.map((request) => give(a, request)));
    for (const [index] of held.entries()) await a.heard('called', waiting[index * 4]!.owner);
    expect(await server.column(sql)).toEqual([3]);
  });

  it('are gone when it is closed', async () => {
    const a = await session({ url: `${server.url}?application_name=closing` });
    const requests = Array.from({ length: 20 }, (_, index) => requestFor(`close:${index}`));
    await Promise.all(requests.map((request) => a.acquire(request)));
    const sql = `SELECT count(*)::int FROM pg_stat_activity WHERE application_name = 'closing'`;
    const [before] = await server.column(sql);
    expect(before).toBeGreaterThan(1);
    expect(before).toBeLessThanOrEqual(11);
    await a.close();
    for (let left: unknown; left !== 0;) [left] = await server.column(sql);
  });
});
