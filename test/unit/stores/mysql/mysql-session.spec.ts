import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import callbacks from 'mysql2';
import mysql from 'mysql2/promise';
import type { AcquireRequest } from '../../../../lib/line/store.js';
import { mysqlStore } from '../../../../lib/stores/mysql/index.js';
import { MariadbServer } from '../../../support/mariadb-server.js';
import { openSession, type OpenSession, requestFor } from '../../../support/open-session.js';
import { until } from '../../../support/until.js';

let server: MariadbServer;
const open: OpenSession[] = [];

beforeAll(async () => {
  server = await MariadbServer.start();
});
afterAll(async () => {
  await server.stop();
});
beforeEach(async () => {
  await session();
  await server.admin.query('DELETE FROM distributed_lock');
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

async function session(
  options: { pool: object } | { url: string } = { url: server.url },
): Promise<OpenSession> {
  const one = await openSession(mysqlStore(options), 3_000);
  open.push(one);
  return one;
}

function leaving({ keys, owner }: AcquireRequest) {
  return { keys, owner, refuses: false, keepMs: 0 };
}

describe('a session over MySQL', () => {
  it('keeps keys apart that a text comparison would take for the same, and long ones', async () => {
    const a = await session();
    const long = 'x'.repeat(2_000);
    const keys = ['a', 'A', 'a ', 'á', 'a\t', 'ａ', long, `${long}y`, long.slice(0, 512), long.slice(0, 513)];
    const replies = [];
    for (const key of keys) replies.push(await a.acquire(requestFor(key)));
    expect(replies.map(({ kind }) => kind)).toEqual(keys.map(() => 'held'));
    expect((await a.acquire(requestFor(long, { takesPlace: false }))).kind).toBe('busy');
  });

  it('wakes waiters of another session by looking for them, one statement for all its keys', async () => {
    const [a, b] = [await session(), await session()];
    const held = Array.from({ length: 20 }, (_, index) => requestFor(`many:${index}`));
    for (const request of held) await a.acquire(request);
    const waiting = held.map(({ keys }) => requestFor(keys[0]!));
    await Promise.all(waiting.map((request) => b.acquire(request)));
    await Promise.all(held.map((request) => a.release(leaving(request))));
    for (const { owner } of waiting) await b.heard('called', owner);
    for (const request of waiting) expect((await b.acquire(request)).kind).toBe('held');
  });

  it('serves over a pool of callbacks too, whatever its answers look like, and leaves it open', async () => {
    const pool = callbacks.createPool({
      uri: server.url,
      connectionLimit: 2,
      supportBigNumbers: true,
      bigNumberStrings: true,
      dateStrings: true,
      timezone: '+09:00',
      typeCast: false,
    });
    const a = await session({ pool });
    const request = requestFor('callbacks');
    const reply = await a.acquire(request);
    expect(reply).toMatchObject({ kind: 'held', grants: [{ restMs: 10_000 }] });
    expect((await a.inspect('callbacks')).holders).toMatchObject([{ owner: request.owner }]);
    expect(await a.forceRelease('callbacks')).toBe(true);
    expect(await a.forceRelease('callbacks')).toBe(false);
    await a.close();
    expect(await pool.promise().query('SELECT 1')).toHaveLength(2);
    await pool.promise().end();
  });

  it('takes the time from the server in UTC, whatever the time zone of the connection', async () => {
    const pool = mysql.createPool({ uri: server.url, connectionLimit: 1 });
    await pool.query(`SET time_zone = '+13:00'`);
    const [a, b] = [await session({ pool }), await session()];
    await a.acquire(requestFor('zone', { leaseMs: 60_000 }));
    const [holder] = (await b.inspect('zone')).holders;
    expect(holder!.restMs).toBeLessThanOrEqual(60_000);
    expect(holder!.restMs).toBeGreaterThan(0);
    const [[settings]] = await pool.query<mysql.RowDataPacket[]>(
      'SELECT @@time_zone AS zone, @@innodb_lock_wait_timeout AS wait',
    );
    expect(settings).toEqual({ zone: '+13:00', wait: 50 });
    await a.close();
    await pool.end();
  });

  it('says that it failed for the moment where the server is gone, and serves again when it is back', async () => {
    const a = await session();
    const request = requestFor('back', { leaseMs: 600_000 });
    await a.acquire(request);
    await server.kill();
    await expect(a.acquire(requestFor('other'))).rejects.toMatchObject({
      code: 'LOCK_STORE',
      isTransient: true,
      store: 'mysql',
    });
    await server.restart();
    expect(await a.renew([{ key: 'back', owner: request.owner, leaseMs: 0 }])).not.toEqual([0]);
  });

  it('gives a server up that stands still, and closes without it', async () => {
    const a = await session();
    await a.acquire(requestFor('still'));
    server.pause();
    try {
      await expect(a.acquire(requestFor('other'))).rejects.toMatchObject({ isTransient: true });
      const underWay = a.inspect('still');
      const reason = underWay.catch((error: unknown) => error);
      await a.close();
      expect(String(await reason)).toContain('its session is closed');
      await expect(a.inspect('still')).rejects.toMatchObject({ code: 'LOCK_STORE', isTransient: false });
    } finally {
      server.resume();
    }
  });

  it('sweeps rows in which nothing counts any more, and no others', async () => {
    const a = await session();
    const [old, held] = [requestFor('old'), requestFor('held')];
    for (const request of [old, held]) await a.acquire(request);
    await a.release(leaving(old));
    await server.admin.query(`UPDATE distributed_lock SET kept_until_us = 1 WHERE id = 'old'`);
    await until('the row is swept', async () => {
      const left = await server.column('SELECT CONVERT(id USING utf8mb4) FROM distributed_lock');
      return !left.includes('old');
    });
    expect((await a.inspect('held')).holders).toMatchObject([{ owner: held.owner }]);
  });

  it('leaves no connection behind', async () => {
    const ids = async (): Promise<number> =>
      Number((await server.column(`SELECT COUNT(*) FROM information_schema.PROCESSLIST`))[0]);
    const before = await ids();
    const a = await session();
    await Promise.all(Array.from({ length: 20 }, (_, index) => a.acquire(requestFor(`close:${index}`))));
    expect(await ids()).toBeGreaterThan(before);
    await a.close();
    await until('the connections are gone', async () => (await ids()) <= before);
  });
});
