import mysql from 'mysql2/promise';
import { mysqlStore } from '../../lib/stores/mysql/index.js';
import type { MariadbServer } from '../support/mariadb-server.js';
import { mysql as mariadb } from './back-ends.js';
import { type SqlBackEnd, STORE_USER } from './sql-back-end.js';

function connect(server: MariadbServer, database: string): Promise<mysql.Connection> {
  return mysql.createConnection({ uri: server.urlOf('root', undefined, database) });
}

/** Those that are gone meanwhile are gone. */
async function kill(server: MariadbServer, what: string, id: unknown): Promise<void> {
  await server.admin.query(`KILL ${what} ${Number(id)}`).catch(() => undefined);
}

const WHOM = {
  all: 'SELECT ID FROM information_schema.PROCESSLIST WHERE USER = ?',
  // Of a statement that takes so long, while somebody keeps the row. INNODB_TRX stands still for whoever reads it often.
  blocked: `SELECT ID FROM information_schema.PROCESSLIST WHERE USER = ? AND COMMAND = 'Query' AND TIME_MS > 200`,
};

export const sqlMysql: SqlBackEnd<MariadbServer> = {
  ...mariadb,

  async makeDatabase(server, name) {
    await server.admin.query(`CREATE USER IF NOT EXISTS ${STORE_USER}`);
    await server.admin.query(`CREATE DATABASE ${name}`);
    await server.admin.query(`GRANT ALL ON ${name}.* TO ${STORE_USER}`);
  },

  async administer(server, database, statements) {
    const admin = await connect(server, database);
    for (const statement of statements) await admin.query(statement);
    await admin.end();
  },

  async keepRows(server, database) {
    const admin = await connect(server, database);
    await admin.query('START TRANSACTION');
    await admin.query('SELECT id FROM distributed_lock FOR UPDATE');
    return { rollback: () => admin.end() };
  },

  async stalePool(url, connections) {
    const pool = mysql.createPool({ uri: url, connectionLimit: connections });
    const caller = await pool.getConnection();
    await caller.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
    await caller.query('START TRANSACTION WITH CONSISTENT SNAPSHOT');
    await caller.query('SELECT COUNT(*) FROM distributed_lock');
    const end = async (): Promise<void> => {
      await caller.query('ROLLBACK');
      caller.release();
      await pool.end();
    };
    return { store: mysqlStore({ pool }), end };
  },

  async strike(server, how, whom) {
    const ids = await server.column(WHOM[whom], [STORE_USER]);
    await Promise.all(ids.map((id) => kill(server, how === 'end' ? 'CONNECTION' : 'QUERY', id)));
    return ids.length;
  },

  spoils: [
    {
      what: 'its table was dropped',
      statements: ['DROP TABLE distributed_lock'],
      advice: 'The table was dropped: start the application again',
      heals: true,
    },
    {
      what: 'one of its procedures was dropped',
      statements: [
        `SET @name = (SELECT ROUTINE_NAME FROM information_schema.ROUTINES
          WHERE ROUTINE_SCHEMA = DATABASE() AND ROUTINE_NAME LIKE 'distributed\\_lock\\_ask\\_%')`,
        `EXECUTE IMMEDIATE CONCAT('DROP PROCEDURE ', @name)`,
      ],
      advice: 'A procedure was dropped: start the application again',
      heals: true,
    },
    {
      what: 'a column of its table was dropped',
      statements: ['ALTER TABLE distributed_lock DROP COLUMN capacity'],
      advice: 'The table has another shape',
      heals: false,
    },
    {
      what: 'its rights were taken back',
      statements: [
        `SET @db = DATABASE()`,
        `EXECUTE IMMEDIATE CONCAT('REVOKE EXECUTE ON ', @db, '.* FROM ${STORE_USER}')`,
      ],
      advice: 'Give the user the rights',
      heals: false,
    },
  ],
};
