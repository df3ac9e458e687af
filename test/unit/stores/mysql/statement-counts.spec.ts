import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import mysql from 'mysql2/promise';
import type { StoreSession } from '../../../../lib/line/store.js';
import { mysqlStore, type MysqlStoreOptions } from '../../../../lib/stores/mysql/index.js';
import { REVISION } from '../../../../lib/stores/mysql/statements.generated.js';
import { MariadbServer } from '../../../support/mariadb-server.js';
import { openSession, type OpenSession, requestFor } from '../../../support/open-session.js';

/** What the store costs the server, counted there. */

let server: MariadbServer;
const open: OpenSession[] = [];

beforeAll(async () => {
  server = await MariadbServer.start();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});
afterAll(async () => {
  await server.stop();
});

async function session(options: MysqlStoreOptions = { url: server.url }): Promise<OpenSession> {
  const one = await openSession(mysqlStore(options));
  open.push(one);
  return one;
}

function give(on: StoreSession, { keys, owner }: { keys: readonly string[]; owner: string }): Promise<void> {
  return on.release({ keys, owner, refuses: false, keepMs: 0 });
}

/** What clients sent meanwhile, by anybody but the counting: all statements, and calls of procedures among them. */
async function count(work: () => Promise<unknown>): Promise<{ statements: number; calls: number }> {
  const admin = await server.admin.getConnection();
  const read = async (): Promise<Map<string, number>> => {
    const [rows] = await admin.query<mysql.RowDataPacket[]>(
      `SHOW GLOBAL STATUS WHERE Variable_name IN ('Questions', 'Com_call_procedure')`,
    );
    return new Map(rows.map(({ Variable_name: name, Value: value }) => [String(name), Number(value)]));
  };
  const before = await read();
  await work();
  const after = await read();
  admin.release();
  const grown = (name: string): number => after.get(name)! - before.get(name)!;
  // The second reading is one.
  return { statements: grown('Questions') - 1, calls: grown('Com_call_procedure') };
}

describe('the statements that clients send', () => {
  it('are two for an uncontended pair, on a key that is new and on one that is known', async () => {
    const a = await session();
    await a.acquire(requestFor('warm'));
    for (const _ of ['new', 'known']) {
      const request = requestFor('pair');
      const { statements } = await count(async () => {
        expect((await a.acquire(request)).kind).toBe('held');
        await give(a, request);
      });
      expect(statements).toBe(2);
    }
  });

  it('are one for the renewal of a hundred leases', async () => {
    const a = await session();
    const requests = Array.from({ length: 100 }, (_, index) => requestFor(`renewed:${index}`));
    for (const request of requests) await a.acquire(request);
    const leases = requests.map(({ keys, owner }) => ({ key: keys[0]!, owner, leaseMs: 20_000 }));
    const { statements } = await count(async () => {
      const rests = await a.renew(leases);
      expect(rests.every((restMs) => restMs === 20_000)).toBe(true);
    });
    expect(statements).toBe(1);
  });

  it('are for a hand-over two calls, and the polls meanwhile, however many wait', async () => {
    for (const waiting of [1, 10, 200]) {
      const [a, b] = [await session(), await session()];
      const key = `line:${waiting}`;
      const [holder, ...requests] = Array.from({ length: 1 + waiting }, () => requestFor(key));
      await a.acquire(holder!);
      await Promise.all(requests.map((request) => b.acquire(request)));
      const startMs = performance.now();
      const { statements } = await count(async () => {
        await give(a, holder!);
        await b.heard('called', requests[0]!.owner);
        expect((await b.acquire(requests[0]!)).kind).toBe('held');
      });
      const polls = Math.ceil((performance.now() - startMs) / 5) + 1;
      expect(statements).toBeGreaterThanOrEqual(2);
      expect(statements).toBeLessThanOrEqual(2 + polls);
      expect(b.hints.filter(({ kind }) => kind === 'called')).toHaveLength(1);
      await Promise.all([a.close(), b.close()]);
    }
  });

  it('are a few for the looks of 200 waiters of a process, and one poll for all of them', async () => {
    const [a, b] = [await session(), await session()];
    await a.acquire(requestFor('line'));
    const requests = Array.from({ length: 200 }, () => requestFor('line'));
    for (const { kind } of await Promise.all(requests.map((one) => b.acquire(one))))
      expect(kind).toBe('busy');
    expect((await a.inspect('line')).waiters).toBe(200);
    const startMs = performance.now();
    const { statements } = await count(() => Promise.all(requests.map((request) => b.acquire(request))));
    const polls = Math.ceil((performance.now() - startMs) / 5) + 1;
    expect(statements).toBeLessThanOrEqual(5 + polls);
  });
});

describe('the connections of a process', () => {
  it('are those of its pool, two here, with 50 keys held and 200 requests waiting', async () => {
    await server.admin.query('CREATE USER counted');
    await server.admin.query('GRANT ALL ON *.* TO counted');
    const pool = mysql.createPool({ uri: server.urlOf('counted'), connectionLimit: 2 });
    // Of a user of its own: those of other sessions come and go.
    const sql = `SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = 'counted'`;
    const connections = async (): Promise<number> => Number((await server.column(sql))[0]);
    const a = await session({ pool });
    const held = Array.from({ length: 50 }, (_, index) => requestFor(`held:${index}`));
    for (const reply of await Promise.all(held.map((one) => a.acquire(one)))) expect(reply.kind).toBe('held');
    const waiting = held.flatMap(({ keys }) => Array.from({ length: 4 }, () => requestFor(keys[0]!)));
    const replies = await Promise.all(waiting.map((request) => a.acquire(request)));
    expect(new Set(replies.map(({ kind }) => kind))).toEqual(new Set(['busy']));
    expect(await connections()).toBe(2);
    await Promise.all(held.map((request) => give(a, request)));
    for (const [index] of held.entries()) await a.heard('called', waiting[index * 4]!.owner);
    expect(await connections()).toBe(2);
    await a.close();
    expect(await pool.query('SELECT 1')).toHaveLength(2);
    await pool.end();
  });
});

describe('commands that meet', () => {
  it('all have their answer where many make the same rows at once, at any isolation level', async () => {
    for (const isolation of ['READ-COMMITTED', 'REPEATABLE-READ', 'SERIALIZABLE']) {
      await server.admin.query(`SET GLOBAL transaction_isolation = ?`, [isolation]).catch(async () => {
        await server.admin.query('SET GLOBAL tx_isolation = ?', [isolation]);
      });
      const [a, b, c] = [await session(), await session(), await session()];
      for (let round = 0; round < 20; round++) {
        const keys = [0, 1, 2].map((index) => `${isolation}:${round}:${index}`);
        const requests = [a, b, c].flatMap((one) => [
          { one, request: requestFor(keys[0]!, { keys }) },
          { one, request: requestFor(keys[1]!) },
          { one, request: requestFor(keys[2]!, { keys: keys.slice(1), takesPlace: false }) },
        ]);
        const replies = await Promise.all(requests.map(({ one, request }) => one.acquire(request)));
        expect(replies).toHaveLength(9);
        for (const key of keys) expect((await a.inspect(key)).holders.length).toBeLessThanOrEqual(1);
        await Promise.all(requests.map(({ one, request }) => give(one, request)));
        for (const key of keys) expect(await a.inspect(key)).toMatchObject({ holders: [], waiters: 0 });
      }
    }
  });
});

describe('transactions that hold locks', () => {
  it('are for a pair four statements: two that lock and unlock, and two on record', async () => {
    const a = await session({ url: server.url, strategy: 'transaction' });
    const first = requestFor('tx-pair');
    await a.acquire(first);
    await give(a, first);
    const request = requestFor('tx-pair');
    const { statements } = await count(async () => {
      expect((await a.acquire(request)).kind).toBe('held');
      await give(a, request);
    });
    expect(statements).toBe(4);
  });

  it('leave rows that are swept with those of the keys, and never while somebody has them', async () => {
    const table = 'swept';
    const a = await session({ url: server.url, strategy: 'transaction', table, clockTolerance: 0 });
    const sweep = `CALL ${table}_sweep_${REVISION}('', 500)`;
    const rows = (name: string): Promise<unknown[]> =>
      server.column(`SELECT CONVERT(id USING utf8mb4) FROM ${name} ORDER BY id`);
    const [held, gone] = [requestFor('held'), requestFor('gone')];
    await a.acquire(held);
    await a.acquire(gone);
    await give(a, gone);
    await server.admin.query(`DELETE FROM ${table} WHERE id = 'held'`);
    for (const _ of ['the key', 'its row']) await server.admin.query(sweep);
    expect(await rows(table)).toEqual([]);
    expect(await rows(`${table}_exclusive`)).toEqual(['held']);
    await give(a, held);
    await server.admin.query(sweep);
    expect(await rows(`${table}_exclusive`)).toEqual([]);
  });
});
