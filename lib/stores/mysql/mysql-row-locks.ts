/** Transactions that stay open, each on a connection of its own. */
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Pool, PoolConnection } from 'mysql2/promise';
import type { Clock } from '../../util/clock.js';
import { deferred } from '../../util/deferred.js';
import { type RowLock, type RowLocks, type RowReply, rowReplyOf } from '../sql/row-lock.js';
import { codeOf } from './mysql-errors.js';
import { closed, type MysqlLink, reset, rowsOf, socketOf, type Value } from './mysql-link.js';
import { idOf, procedureName, quoted, type TableName } from './names.js';

export interface RowLocksOptions {
  readonly clock: Clock;
  /** Ours to close. */
  readonly pool: Pool;
  /** For what is committed at once. */
  readonly link: Pick<MysqlLink, 'query'>;
  readonly table: TableName;
  /** A statement that need not wait and is unanswered for so long, in milliseconds, is taken for lost. */
  readonly silentMs: number;
}

/** "Unknown thread id": it has ended. */
const NO_SUCH_CONNECTION = 1094;
/** How often it is looked whether a connection that was ended is gone, and at most how many times, in milliseconds. */
const GONE = { everyMs: 5, mostTimes: 200 } as const;

export class MysqlRowLocks implements RowLocks {
  private readonly sockets = new Set<Socket>();

  constructor(private readonly options: RowLocksOptions) {
    options.pool.on('connection', (connection) => {
      const socket = socketOf(connection);
      if (!socket) return;
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
  }

  /** Whether the server at the other end is the one that greeted the connection: false behind a pooler. */
  async isDirect(): Promise<boolean> {
    const row = await this.connect();
    const isDirect = await row.isDirect();
    await row.end();
    return isDirect;
  }

  open(): Promise<RowLock> {
    return this.connect();
  }

  async make(key: string): Promise<void> {
    await this.call('make_row', [idOf(key)]);
  }

  async end(backend: number): Promise<void> {
    try {
      await this.options.link.query(`KILL ${backend}`);
    } catch (error) {
      if (codeOf(error) !== NO_SUCH_CONNECTION) throw error;
    }
  }

  async endHolder(key: string): Promise<boolean> {
    const backend = await this.holderOf(key);
    if (backend === undefined) return false;
    await this.end(backend);
    for (let times = 0; times < GONE.mostTimes && (await this.holderOf(key)) === backend; times++) {
      await new Promise<void>((resolve) => {
        this.options.clock.setTimer(GONE.everyMs, resolve);
      });
    }
    return true;
  }

  async isWaiting(backend: number): Promise<boolean> {
    const sql = `SELECT 1 FROM information_schema.PROCESSLIST WHERE ID = ? AND COMMAND <> 'Sleep'`;
    return (await this.options.link.query(sql, [backend])).length > 0;
  }

  async close(): Promise<void> {
    // A server that stands still never closes its side.
    void this.options.pool.end().catch(() => undefined);
    await Promise.all([...this.sockets].map(closed));
  }

  private async connect(): Promise<MysqlRowLock> {
    return new MysqlRowLock(await this.options.pool.getConnection(), this.options);
  }

  private async holderOf(key: string): Promise<number | undefined> {
    const name = nameOf(this.options.table, key);
    const [row] = await this.options.link.query('SELECT IS_USED_LOCK(?)', [name]);
    return row?.[0] === null || row?.[0] === undefined ? undefined : Number(row[0]);
  }

  private async call(name: string, values: readonly Value[]): Promise<void> {
    const places = values.map(() => '?').join(', ');
    await this.options.link.query(
      `CALL ${quoted(procedureName(this.options.table, name))}(${places})`,
      values,
    );
  }
}

class MysqlRowLock implements RowLock {
  onGone: (() => void) | undefined;
  private isGiven = false;
  /** The driver leaves statements unsettled on a connection that is destroyed. */
  private readonly gone = deferred<never>();

  constructor(
    private readonly connection: PoolConnection,
    private readonly options: RowLocksOptions,
  ) {
    this.gone.promise.catch(() => undefined);
    socketOf(connection)?.once('close', this.hasFailed);
  }

  get backend(): number {
    return this.connection.threadId;
  }

  async isDirect(): Promise<boolean> {
    return Number(await this.answered('SELECT CONNECTION_ID()')) === this.backend;
  }

  async tryLock(key: string, leaseMs: number): Promise<RowReply> {
    return rowReplyOf(await this.answered(this.locking(), this.values(key, { leaseMs, waits: false })));
  }

  async waitLock(key: string): Promise<RowReply> {
    return rowReplyOf(await this.send(this.locking(), this.values(key, { leaseMs: 0, waits: true })));
  }

  async keep(leaseMs: number): Promise<void> {
    await this.answered(`SET SESSION wait_timeout = ${secondsOf(leaseMs)}`);
  }

  async end(): Promise<void> {
    try {
      await this.answered(`CALL ${quoted(procedureName(this.options.table, 'unlock_row'))}()`);
      this.giveBack();
    } catch {
      this.abandon();
    }
  }

  abandon(): void {
    if (this.isGiven) return;
    this.isGiven = true;
    this.gone.reject(new Error('the connection was reset'));
    reset(this.connection);
  }

  private readonly hasFailed = (): void => {
    if (this.isGiven) return;
    this.abandon();
    this.onGone?.();
  };

  private giveBack(): void {
    if (this.isGiven) return;
    this.isGiven = true;
    socketOf(this.connection)?.off('close', this.hasFailed);
    this.connection.release();
  }

  private locking(): string {
    return `CALL ${quoted(procedureName(this.options.table, 'lock_row'))}(?, ?, ?, ?)`;
  }

  private values(key: string, { leaseMs, waits }: { leaseMs: number; waits: boolean }): Value[] {
    return [idOf(key), nameOf(this.options.table, key), secondsOf(leaseMs), waits];
  }

  /** What need not wait is answered soon, or the connection is reset. */
  private async answered(sql: string, values: readonly Value[] = []): Promise<string> {
    const { clock, silentMs } = this.options;
    const giveUp = (): void => {
      this.gone.reject(new Error(`no answer for ${Math.round(silentMs)} ms`));
      reset(this.connection);
    };
    const timer = clock.setTimer(silentMs, giveUp, { isBackground: true });
    try {
      return await this.send(sql, values);
    } finally {
      timer.clear();
    }
  }

  /** The first column of the first row. */
  private async send(sql: string, values: readonly Value[]): Promise<string> {
    const options = { sql, values: [...values], rowsAsArray: true, nestTables: false, typeCast: true };
    const sent = this.connection.query(options);
    sent.catch(() => undefined);
    const [answer] = await Promise.race([sent, this.gone.promise]);
    const [first] = rowsOf(answer)[0] ?? [];
    return String((first as string | number | Buffer | null | undefined) ?? '');
  }
}

/** The server counts in whole seconds. */
function secondsOf(leaseMs: number): number {
  return Math.max(1, Math.ceil(leaseMs / 1000));
}

/** The name under which the connection that has a key is found: one for each key of each table. */
function nameOf(table: TableName, key: string): string {
  return createHash('sha256').update(quoted(table)).update('\0').update(key).digest('hex').slice(0, 60);
}
