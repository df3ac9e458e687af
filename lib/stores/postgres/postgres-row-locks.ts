/** Transactions that stay open, each on a connection of its own. */
import type { Pool, PoolClient, QueryArrayResult } from 'pg';
import type { Clock, Timer } from '../../util/clock.js';
import { type RowLock, type RowLocks, type RowReply, rowReplyOf } from '../sql/row-lock.js';
import { encode } from './call.js';
import { functionName, quoted, type TableName } from './names.js';
import type { Queries } from './postgres-commands.js';
import { closeSocket, reset } from './postgres-link.js';
import { endHolder, lockRow, makeRow } from './statements.generated.js';

export interface RowLocksOptions {
  readonly clock: Clock;
  /** Ours to close. */
  readonly pool: Pool;
  /** For what is committed at once. */
  readonly link: Queries;
  readonly table: TableName;
  /** A statement that need not wait and is unanswered for so long, in milliseconds, is taken for lost. */
  readonly silentMs: number;
}

/** What the server is like, as far as a transaction must know. */
interface Traits {
  /** Whether each connection has a backend of its own, for as long as it lasts. */
  readonly isDirect: boolean;
  /** Whether it may limit a whole transaction. */
  readonly limitsTransactions: boolean;
}

/** From this version on it may. */
const LIMITS_TRANSACTIONS = 170_000;

export class PostgresRowLocks implements RowLocks {
  private readonly clients = new Set<PoolClient>();
  private traits: Traits | undefined;

  constructor(private readonly options: RowLocksOptions) {
    const { pool } = options;
    // A connection that fails while it is idle is replaced at the next use.
    pool.on('error', () => undefined);
    pool.on('connect', (client) => this.clients.add(client));
    pool.on('remove', (client) => this.clients.delete(client));
  }

  /** Looks at the server, once before anything else. */
  async look(): Promise<Traits> {
    const client = await this.options.pool.connect();
    const row = new PostgresRowLock(client, this.options, false);
    this.traits = await row.look();
    await row.end();
    return this.traits;
  }

  async open(): Promise<RowLock> {
    const client = await this.options.pool.connect();
    return new PostgresRowLock(client, this.options, this.traits?.limitsTransactions === true);
  }

  async make(key: string): Promise<void> {
    await this.call(makeRow.name, [encode('bytea', key)], ['bytea']);
  }

  async end(backend: number): Promise<void> {
    await this.options.link.query('SELECT pg_terminate_backend($1::integer)', [String(backend)]);
  }

  async endHolder(key: string): Promise<boolean> {
    return (await this.call(endHolder.name, [encode('bytea', key)], ['bytea'])) === '1';
  }

  async isWaiting(backend: number): Promise<boolean> {
    const sql = `SELECT 1 FROM pg_stat_activity WHERE pid = $1::integer AND wait_event_type = 'Lock'`;
    return (await this.options.link.query(sql, [String(backend)])).length > 0;
  }

  async close(): Promise<void> {
    const { pool } = this.options;
    const clients = [...this.clients];
    // Its promise stays open where a connection goes in its own way.
    void pool.end();
    await Promise.all(clients.map(closeSocket));
  }

  private async call(
    name: string,
    values: readonly (string | null)[],
    types: readonly string[],
  ): Promise<unknown> {
    const places = types.map((type, index) => `$${index + 1}::${type}`).join(', ');
    const sql = `SELECT ${quoted(functionName(this.options.table, name))}(${places})`;
    return (await this.options.link.query(sql, values))[0]?.[0];
  }
}

class PostgresRowLock implements RowLock {
  onGone: (() => void) | undefined;
  private isGiven = false;

  constructor(
    private readonly client: PoolClient,
    private readonly options: RowLocksOptions,
    private readonly limitsTransactions: boolean,
  ) {
    client.on('error', this.hasFailed);
    client.on('end', this.hasFailed);
  }

  get backend(): number {
    return (this.client as unknown as { processID: number }).processID;
  }

  async look(): Promise<Traits> {
    const text = await this.answered(
      `SELECT pg_backend_pid() || ' ' || current_setting('server_version_num')`,
    );
    const [backend, version] = text.split(' ').map(Number);
    return { isDirect: backend === this.backend, limitsTransactions: version! >= LIMITS_TRANSACTIONS };
  }

  /** One message for all of it. Whatever limits the user or the database set for statements, here only the lease counts. */
  async tryLock(key: string, leaseMs: number): Promise<RowReply> {
    const limits = ['statement_timeout = 0', 'lock_timeout = 0', idleLimit(leaseMs)];
    if (this.limitsTransactions) limits.push('transaction_timeout = 0');
    const parts = [
      'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE',
      ...limits.map((limit) => `SET LOCAL ${limit}`),
      this.locking(key, false),
    ];
    return rowReplyOf(await this.answered(parts.join('; ')));
  }

  async waitLock(key: string): Promise<RowReply> {
    return rowReplyOf(await this.send(this.locking(key, true)));
  }

  async keep(leaseMs: number): Promise<void> {
    await this.answered(`SET LOCAL ${idleLimit(leaseMs)}`);
  }

  async end(): Promise<void> {
    try {
      await this.answered('ROLLBACK');
      this.giveBack(false);
    } catch {
      this.abandon();
    }
  }

  abandon(): void {
    reset(this.client);
    this.giveBack(true);
  }

  private readonly hasFailed = (): void => {
    if (this.isGiven) return;
    this.giveBack(true);
    this.onGone?.();
  };

  private giveBack(isBroken: boolean): void {
    if (this.isGiven) return;
    this.isGiven = true;
    this.client.off('end', this.hasFailed);
    // Its errors are nobody's from now on, but a client without a listener would end the process.
    if (!isBroken) this.client.off('error', this.hasFailed);
    this.client.release(isBroken);
  }

  private locking(key: string, waits: boolean): string {
    const name = quoted(functionName(this.options.table, lockRow.name));
    return `SELECT ${name}('${encode('bytea', key)}'::bytea, ${waits})`;
  }

  /** What need not wait is answered soon, or the connection is reset. */
  private async answered(sql: string): Promise<string> {
    const { clock, silentMs } = this.options;
    const timer: Timer = clock.setTimer(silentMs, () => reset(this.client), { isBackground: true });
    try {
      return await this.send(sql);
    } finally {
      timer.clear();
    }
  }

  /** The only column of the last statement's only row. */
  private async send(sql: string): Promise<string> {
    const result = (await this.client.query({
      text: sql,
      rowMode: 'array',
    })) as unknown as QueryArrayResult[];
    const last = Array.isArray(result) ? result.at(-1)! : (result as QueryArrayResult);
    return String(last.rows[0]?.[0] ?? '');
  }
}

function idleLimit(leaseMs: number): string {
  return `idle_in_transaction_session_timeout = ${Math.max(1, Math.ceil(leaseMs))}`;
}
