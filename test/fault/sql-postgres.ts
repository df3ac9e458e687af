import pg from 'pg';
import { postgresStore } from '../../lib/stores/postgres/index.js';
import type { PostgresServer } from '../support/postgres-server.js';
import { postgres } from './back-ends.js';
import { type SqlBackEnd, STORE_USER } from './sql-back-end.js';

const MAKE_USER = `DO $$ BEGIN CREATE ROLE ${STORE_USER} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$`;

async function connect(server: PostgresServer, database: string): Promise<pg.Client> {
  const admin = new pg.Client({ connectionString: server.urlOf('postgres', undefined, database) });
  await admin.connect();
  return admin;
}

export const sqlPostgres: SqlBackEnd<PostgresServer> = {
  ...postgres,

  async makeDatabase(server, name) {
    await server.admin.query(MAKE_USER);
    await server.admin.query(`CREATE DATABASE ${name} OWNER ${STORE_USER}`);
  },

  async administer(server, database, statements) {
    const admin = await connect(server, database);
    for (const statement of statements) await admin.query(statement);
    await admin.end();
  },

  async keepRows(server, database) {
    const admin = await connect(server, database);
    await admin.query('BEGIN');
    await admin.query('SELECT FROM distributed_lock FOR UPDATE');
    return { rollback: () => admin.end() };
  },

  async stalePool(url, connections) {
    const pool = new pg.Pool({ connectionString: url, max: connections });
    const caller = await pool.connect();
    await caller.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await caller.query('SELECT count(*) FROM distributed_lock');
    const end = async (): Promise<void> => {
      await caller.query('ROLLBACK');
      caller.release();
      await pool.end();
    };
    return { store: postgresStore({ pool }), end };
  },

  async strike(server, how, whom) {
    const verb = how === 'end' ? 'pg_terminate_backend' : 'pg_cancel_backend';
    const sql = `SELECT ${verb}(pid) FROM pg_stat_activity WHERE usename = $1 AND ($2 OR wait_event_type = 'Lock')`;
    return (await server.column(sql, [STORE_USER, whom === 'all'])).length;
  },

  spoils: [
    {
      what: 'a column of its table was dropped',
      statements: ['ALTER TABLE distributed_lock DROP COLUMN capacity'],
      advice: 'The table has another shape',
      heals: false,
    },
    {
      what: 'its rights were taken back',
      statements: [`REVOKE ALL ON distributed_lock FROM ${STORE_USER}`],
      advice: 'Give the user the rights',
      heals: false,
    },
  ],
};
