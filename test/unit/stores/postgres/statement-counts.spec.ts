import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { StoreSession } from '../../../../lib/line/store.js';
import { postgresStore } from '../../../../lib/stores/postgres/index.js';
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
  options: { pool: pg.Pool } | { url: string } = { url: server.url },
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
