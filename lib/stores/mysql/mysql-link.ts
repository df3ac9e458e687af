/**
 * The connections that commands go over: a pool, each statement on whichever is free.
 *
 *   asked ──a connection is free──► sent ──answered──► the connection is free again
 *   asked, sent ──silent too long, failed──► rejected, and the connection is reset
 *   any ──close()──► everything unanswered is rejected
 *
 * Reset, not ended: what lies unsent in a socket must not reach the server later, when nobody means it any more.
 * Nothing is sent again by itself: the outcome is unknown, and only whoever asked knows whether to ask again.
 */
import type { Socket } from 'node:net';
import type { Pool, PoolConnection } from 'mysql2/promise';
import type { Clock, Timer } from '../../util/clock.js';
import { type Deferred, deferred } from '../../util/deferred.js';
import { SessionClosed } from '../sql/sql-errors.js';
import { isAnswer } from './mysql-errors.js';

export interface LinkOptions {
  readonly clock: Clock;
  readonly pool: Pool;
  /** True where it is ours to close. */
  readonly isOwn: boolean;
  /** A statement that is unanswered for so long, in milliseconds, is taken for lost. */
  readonly silentMs: number;
}

/** How long the process's own standstill is given to read what lies in the socket, before the silence is believed. */
const SECOND_LOOK_MS = 50;

export type Row = readonly unknown[];

/** What stands in a statement for a `?`. */
export type Value = string | number | boolean | Buffer | null | readonly (string | Buffer)[];

export class MysqlLink {
  /** Each statement under way, and what ends it early. */
  private readonly underWay = new Set<Deferred<never>>();
  private readonly sockets = new Set<Socket>();
  /** When any statement was answered last. */
  private heardMs = -Infinity;

  constructor(private readonly options: LinkOptions) {
    if (!options.isOwn) return;
    options.pool.on('connection', (connection) => {
      const socket = socketOf(connection);
      if (!socket) return;
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
  }

  /** The rows, as arrays; those of a procedure's first answer. @throws the server's answer, or what became of the connection */
  async query(sql: string, values: readonly Value[] = []): Promise<readonly Row[]> {
    const { clock } = this.options;
    const startedMs = clock.nowMs();
    let sentMs: number | undefined;
    const end = deferred<never>();
    // Before it is sent it may wait for others, as long as those are answered.
    const timer = this.watch(end, () => sentMs ?? Math.max(startedMs, this.heardMs));
    end.promise.catch(() => undefined);
    this.underWay.add(end);
    try {
      const connection = await this.connection(end.promise);
      sentMs = clock.nowMs();
      const rows = await send(connection, { sql, values, end: end.promise });
      this.heardMs = clock.nowMs();
      return rows;
    } finally {
      timer.clear();
      this.underWay.delete(end);
    }
  }

  async close(): Promise<void> {
    for (const { reject } of this.underWay) reject(new SessionClosed());
    const { pool, isOwn } = this.options;
    if (!isOwn) return;
    // What was under way has reset its connection by then.
    await Promise.resolve();
    // A server that stands still never closes its side.
    void pool.end().catch(() => undefined);
    await Promise.all([...this.sockets].map(closed));
  }

  private async connection(end: Promise<never>): Promise<PoolConnection> {
    const connecting = this.options.pool.getConnection();
    try {
      return await Promise.race([connecting, end]);
    } catch (error) {
      // Should it come late, it is not used.
      connecting.then(
        (connection) => connection.release(),
        () => undefined,
      );
      throw error;
    }
  }

  private watch(end: Deferred<never>, sinceMs: () => number): Timer {
    const { clock, silentMs } = this.options;
    const after = (ms: number, then: () => void): Timer => clock.setTimer(ms, then, { isBackground: true });
    let timer = after(silentMs, look);
    function look(): void {
      const leftMs = sinceMs() + silentMs - clock.nowMs();
      timer = leftMs > 0 ? after(leftMs, look) : after(SECOND_LOOK_MS, giveUp);
    }
    function giveUp(): void {
      end.reject(new Error(`no answer for ${Math.round(silentMs)} ms`));
    }
    return { clear: () => timer.clear() };
  }
}

interface Statement {
  readonly sql: string;
  readonly values: readonly Value[];
  readonly end: Promise<never>;
}

async function send(connection: PoolConnection, { sql, values, end }: Statement): Promise<readonly Row[]> {
  let isGood = false;
  try {
    // What the pool was made with must not change how answers are read.
    const options = { sql, values: [...values], rowsAsArray: true, nestTables: false, typeCast: true };
    const sent = connection.query(options);
    sent.catch(() => undefined);
    const [answer] = await Promise.race([sent, end]);
    isGood = true;
    return rowsOf(answer);
  } catch (error) {
    isGood = isAnswer(error);
    throw error;
  } finally {
    if (isGood) connection.release();
    else reset(connection);
  }
}

/** A procedure answers with a list of answers, whose last is no list of rows; a statement without rows with none. */
export function rowsOf(answer: unknown): readonly Row[] {
  if (!Array.isArray(answer)) return [];
  const isProcedure = answer.length > 0 && !Array.isArray(answer.at(-1));
  return isProcedure ? (answer[0] as Row[]) : (answer as Row[]);
}

/** What a connection is connected by; the driver has no name for it. */
export function socketOf(connection: object): Socket | undefined {
  const { stream, connection: inner } = connection as { stream?: Socket; connection?: object };
  return stream ?? (inner && socketOf(inner));
}

/** What is written is sent. */
export function closed(socket: Socket): Promise<void> {
  if (socket.closed) return Promise.resolve();
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
    socket.destroySoon();
  });
}

/** What is written and not yet sent is never sent. */
export function reset(connection: PoolConnection): void {
  const socket = socketOf(connection);
  try {
    // A socket that is being ended cannot be reset: Node would never close it.
    if (socket && !socket.writableEnded) socket.resetAndDestroy();
  } catch {
    // Over TLS there is no reset.
  }
  connection.destroy();
}
