import { expect, it } from '@jest/globals';
import mysql from 'mysql2/promise';
import { mysqlStore } from '../../lib/stores/mysql/index.js';
import type { MariadbServer } from '../support/mariadb-server.js';
import { requestFor } from '../support/open-session.js';
import { until } from '../support/until.js';
import { STORE_USER } from './sql-back-end.js';
import { describeSqlServer } from './sql-scenarios.js';
import { sqlMysql } from './sql-mysql.js';
import type { SqlStage } from './sql-stage.js';

type Stage = SqlStage<MariadbServer>;

describeSqlServer(sqlMysql, (stage) => {
  outlivesIdleness(stage);
  saysThatItIsReadOnly(stage);
  makesRowsWithoutWaiting(stage);
});

/** Sets a variable of the server, and has the stores connect anew. */
async function set({ server }: Stage, variable: string, value: number): Promise<void> {
  await server.admin.query(`SET GLOBAL ${variable} = ${value}`);
  await sqlMysql.strike(server, 'end', 'all');
}

async function connections({ server }: Stage): Promise<number> {
  const sql = 'SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = ?';
  return Number((await server.column(sql, [STORE_USER]))[0]);
}

function outlivesIdleness(stage: Stage): void {
  it('fails nobody where connections end after a second without work, and keeps what is held', async () => {
    await set(stage, 'wait_timeout', 1);
    const client = await stage.client((await stage.place()).url);
    const held = await client.acquire('kept');
    const keys = Array.from({ length: 20 }, (_, at) => `idle:${at}`);
    for (let round = 0; round < 2; round++) {
      const handles = await Promise.all(keys.map((key) => client.tryAcquire(key)));
      expect(handles.map((handle) => handle?.isHeld)).toEqual(keys.map(() => true));
      await Promise.all(handles.map((handle) => handle!.release()));
      expect(await connections(stage)).toBeGreaterThan(5);
      await until('the server has ended them', async () => (await connections(stage)) < 3);
    }
    await held.release();
    expect(held.signal.aborted).toBe(false);
    await set(stage, 'wait_timeout', 28_800);
  });
}

function saysThatItIsReadOnly(stage: Stage): void {
  it.each(['read_only', 'tx_read_only'])(
    'says so while %s is on, and serves when it is off',
    async (variable) => {
      const { url } = await stage.place();
      const client = await stage.client(url);
      await client.withLock('before', () => undefined);
      await set(stage, variable, 1);
      const readOnly = {
        code: 'LOCK_STORE',
        isTransient: true,
        message: expect.stringContaining('It is read-only: name the primary'),
      };
      await expect(client.tryAcquire('before')).rejects.toMatchObject(readOnly);
      await expect(client.tryAcquire('new')).rejects.toMatchObject(readOnly);
      await expect(stage.session(`${url}?table=unmade`)).rejects.toMatchObject(readOnly);
      const waiting = client.acquire('new');
      await set(stage, variable, 0);
      expect((await waiting).isHeld).toBe(true);
    },
  );
}

function makesRowsWithoutWaiting(stage: Stage): void {
  it('grants 64 new names, asked for on 64 connections at once, once each and without an error', async () => {
    const { url } = await stage.place();
    const pool = mysql.createPool({ uri: url, connectionLimit: 64 });
    const [rows] = await pool.query('SELECT @@tx_isolation AS isolation');
    expect(rows).toEqual([{ isolation: 'REPEATABLE-READ' }]);
    const store = mysqlStore({ pool });
    // A pool that all of them wait for is slow on a busy machine, and no server that is silent.
    const all = await Promise.all(Array.from({ length: 64 }, () => stage.session(store, 180_000)));
    const keys = Array.from({ length: 64 }, (_, at) => `race:${at}`);
    const held = await Promise.all(
      all.flatMap((one, at) =>
        // Each begins at another name.
        [...keys.slice(at), ...keys.slice(0, at)].map(async (key) => {
          const reply = await one.acquire(requestFor(key, { takesPlace: false, leaseMs: 60_000 }));
          return reply.kind === 'held' ? 1 : 0;
        }),
      ),
    );
    expect(held.reduce((sum: number, one) => sum + one, 0)).toBe(64);
    await stage.clear();
    await pool.end();
  });

  it('never waits for the gap in which another name is made', async () => {
    const pool = mysql.createPool({ uri: (await stage.place()).url, connectionLimit: 64 });
    const session = await stage.session(mysqlStore({ pool }), 180_000);
    const waits = async (): Promise<number> =>
      Number(
        (
          await stage.server.column(`SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS
            WHERE VARIABLE_NAME = 'INNODB_ROW_LOCK_WAITS'`)
        )[0],
      );
    const before = await waits();
    const asked = Array.from({ length: 640 }, (_, at) => session.acquire(requestFor(`gap:${at}`)));
    expect((await Promise.all(asked)).map(({ kind }) => kind)).toEqual(asked.map(() => 'held'));
    expect(await waits()).toBe(before);
    await stage.clear();
    await pool.end();
  });
}
