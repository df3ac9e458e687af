import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import mysql from 'mysql2/promise';
import { isLockError, LockConfigError } from '../../../../lib/errors.js';
import { mysqlStore } from '../../../../lib/stores/mysql/index.js';
import type { Queries } from '../../../../lib/stores/mysql/mysql-commands.js';
import { speakerOf } from '../../../../lib/stores/mysql/mysql-errors.js';
import { MysqlLink } from '../../../../lib/stores/mysql/mysql-link.js';
import { ensureSchema } from '../../../../lib/stores/mysql/mysql-schema.js';
import { systemClock } from '../../../../lib/util/clock.js';
import { MariadbServer } from '../../../support/mariadb-server.js';
import { openSession, type OpenSession, requestFor } from '../../../support/open-session.js';

let server: MariadbServer;
const sessions: OpenSession[] = [];

beforeAll(async () => {
  server = await MariadbServer.start({ settings: { 'max-connections': '300' } });
});
afterEach(async () => {
  await Promise.all(sessions.splice(0).map((session) => session.close()));
});
afterAll(async () => {
  await server.stop();
});

async function connect(url: string, table?: string): Promise<OpenSession> {
  const session = await openSession(mysqlStore({ url, ...(table !== undefined && { table }) }));
  sessions.push(session);
  return session;
}

/** A database of the test's own. */
async function database(name: string, ...statements: string[]): Promise<string> {
  await server.admin.query(`CREATE DATABASE ${name}`);
  const url = server.urlOf('root', undefined, name);
  await administer(url, ...statements);
  return url;
}

async function administer(url: string, ...statements: string[]): Promise<void> {
  const admin = await mysql.createConnection({ uri: url });
  for (const statement of statements) await admin.query(statement);
  await admin.end();
}

/** What the mysql client would send of a script. */
function statementsOf(script: string): string[] {
  let delimiter = ';';
  return script
    .split(/^DELIMITER (.*)$/m)
    .flatMap((part, index) => {
      if (index % 2 === 0) return part.split(delimiter);
      delimiter = part;
      return [];
    })
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

async function failure(work: Promise<unknown>): Promise<Error> {
  const error: unknown = await work.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (!isLockError(error)) throw error;
  return error;
}

describe('the table and its procedures', () => {
  it('are made by whoever comes first, however many come at once', async () => {
    const url = await database('crowd');
    const all = await Promise.all(Array.from({ length: 12 }, () => connect(url)));
    const replies = await Promise.all(
      all.map((session, index) => session.acquire(requestFor(`crowd:${index}`))),
    );
    expect(replies.map(({ kind }) => kind)).toEqual(all.map(() => 'held'));
  });

  it('are not taken for those of another where they are seen half made', async () => {
    const url = await database('half');
    const link = new MysqlLink({
      clock: systemClock,
      pool: mysql.createPool({ uri: url, connectionLimit: 1 }),
      isOwn: true,
      silentMs: 10_000,
    });
    let looks = 0;
    // The catalog is read part by part: of a table that is being made one may see the columns and no engine yet.
    const query: Queries['query'] = async (sql, values) => {
      if (++looks > 1) return link.query(sql, values);
      await connect(url);
      const [[name, autocommit, procedures, , ...others]] = (await link.query(sql, values)) as [unknown[]];
      return [[name, autocommit, procedures, null, ...others]];
    };
    const name = { database: undefined, table: 'distributed_lock' };
    const found = await ensureSchema({ query, close: () => link.close() }, name, speakerOf('half'));
    expect(found).toEqual({ database: 'half', table: 'distributed_lock' });
    expect(looks).toBe(2);
    await link.close();
  });

  it.each([
    ['locks', 'locks'],
    ['app.locks', 'locks'],
    ['My `Locks`', 'My `Locks`'],
    ['`a.b`.`c d`', 'c d'],
    ["it's; DROP TABLE x --", "it's; DROP TABLE x --"],
    ['ключи', 'ключи'],
  ])('take the name %s', async (table, name) => {
    await administer(server.url, 'CREATE DATABASE IF NOT EXISTS app', 'CREATE DATABASE IF NOT EXISTS `a.b`');
    const [a, b] = [await connect(server.url, table), await connect(server.url)];
    expect((await a.acquire(requestFor('named'))).kind).toBe('held');
    expect((await b.inspect('named')).holders).toEqual([]);
    const sql = 'SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_NAME = ?';
    expect((await server.column(sql, [name]))[0]).toBeGreaterThan(0);
    expect((await (await connect(server.url, table)).inspect('named')).holders).toHaveLength(1);
  });

  it('leave a table of another shape or engine alone, and say so', async () => {
    const shapes = [
      'CREATE TABLE distributed_lock (id VARBINARY(9) PRIMARY KEY)',
      `CREATE TABLE distributed_lock (id VARBINARY(512) NOT NULL PRIMARY KEY, last_token BIGINT NOT NULL,
       kept_until_us BIGINT NOT NULL, capacity INT NOT NULL, holders LONGBLOB NOT NULL, line LONGBLOB NOT NULL,
       refused LONGBLOB NOT NULL) ENGINE = MyISAM`,
      'CREATE VIEW distributed_lock AS SELECT 1 AS id',
    ];
    for (const [index, shape] of shapes.entries()) {
      const error = await failure(connect(await database(`shape${index}`, shape)));
      expect(error).toBeInstanceOf(LockConfigError);
      expect(error).toMatchObject({ option: 'table' });
      expect(error.message).toContain('`distributed_lock`');
    }
  });

  it('are asked for by an error where the user may not make them, in words that make them', async () => {
    const owner = await database('rights', `CREATE USER app`, 'GRANT USAGE ON *.* TO app');
    await administer(owner, 'CREATE TABLE other (id INT)', 'GRANT SELECT ON rights.other TO app');
    const app = server.urlOf('app', undefined, 'rights');
    const error = await failure(connect(app));
    expect(error).toMatchObject({ code: 'LOCK_STORE', operation: 'connect', isTransient: false });
    expect(error.message).toContain('CREATE command denied');
    const script = error.message.slice(error.message.indexOf('\n\n')).replaceAll('<user>', 'app');
    await administer(owner, ...statementsOf(script));
    const [a, b] = [await connect(app), await connect(app)];
    const [holder, waiter] = [requestFor('mine'), requestFor('mine')];
    expect((await a.acquire(holder)).kind).toBe('held');
    expect((await b.acquire(waiter)).kind).toBe('busy');
    expect(await a.renew([{ key: 'mine', owner: holder.owner, leaseMs: 1_000 }])).toHaveLength(1);
    await a.release({ keys: ['mine'], owner: holder.owner, refuses: true, keepMs: 0 });
    await b.heard('called', waiter.owner);
    expect(await b.forceRelease('mine')).toBe(false);
  });

  it('are made with the rights that the page names for it, and no more', async () => {
    await database('maker', 'CREATE USER maker');
    const rights = 'CREATE, CREATE ROUTINE, EXECUTE, SELECT, INSERT, UPDATE, DELETE';
    await server.admin.query(`GRANT ${rights} ON maker.* TO maker`);
    const session = await connect(server.urlOf('maker', undefined, 'maker'));
    expect((await session.acquire(requestFor('made'))).kind).toBe('held');
  });

  it('need a database to stand in', async () => {
    const error = await failure(connect(`mysql://root@127.0.0.1:${server.port}`));
    expect(error).toBeInstanceOf(LockConfigError);
    expect(error.message).toContain('name one in the address');
  });

  it('need connections with autocommit', async () => {
    const pool = mysql.createPool({ uri: server.url, connectionLimit: 1 });
    await pool.query('SET autocommit = 0');
    const error = await failure(openSession(mysqlStore({ pool })));
    expect(error).toMatchObject({ code: 'LOCK_CONFIG', option: 'pool' });
    await pool.end();
  });
});
