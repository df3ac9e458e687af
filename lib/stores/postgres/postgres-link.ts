/**
 * The connections that commands go over: a pool, each statement on whichever is free.
 *
 *   asked ──a connection is free──► sent ──answered──► the connection is free again
 *   asked, sent ──silent too long, failed──► rejected, and the connection is reset
 *   any ──close()──► everything unanswered is rejected
 *
 * Reset, not ended: what lies unsent in a socket must not reach the server later, when nobody means it any more.
 * Nothing is sent again by itself: the outcome is unknown, and only whoever asked knows whether to ask again. But where
 * the server does not know what was prepared, it surely ran nothing.
 */
import type { Socket } from 'node:net';
import type { Pool, PoolClient } from 'pg';
import type { Clock, Timer } from '../../util/clock.js';
import { SessionClosed } from '../sql/sql-errors.js';
import { isAnswer, isUnprepared } from './postgres-errors.js';

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

interface Statement {
  readonly text: string;
  readonly values: readonly (string | null)[];
  readonly name?: string;
}

/** A statement that is not answered yet. */
interface UnderWay {
  readonly askedMs: number;
  /** The connection it was sent on, and when. */
  sent: { readonly client: PoolClient; readonly atMs: number } | undefined;
  readonly resolve: (rows: readonly Row[]) => void;
  readonly reject: (error: unknown) => void;
}

export class PostgresLink {
  private readonly underWay = new Set<UnderWay>();
  private readonly clients = new Set<PoolClient>();
  private timer: Timer | undefined;
  /** When any statement was answered last. */
  private heardMs = -Infinity;
  /** False where a pooler lends the server's connections by the transaction: what one has prepared another does not know. */
  private canPrepare = true;

  constructor(private readonly options: LinkOptions) {
    if (!options.isOwn) return;
    // A connection that fails while it is idle is replaced at the next use.
    options.pool.on('error', ignore);
    options.pool.on('connect', (client) => this.clients.add(client));
    options.pool.on('remove', (client) => this.clients.delete(client));
  }

  /**
   * The rows, as arrays.
   * @param name under which a connection keeps it prepared; it stands for this text and no other
   * @throws the server's answer, or what became of the connection
   */
  async query(text: string, values: readonly (string | null)[] = [], name?: string): Promise<readonly Row[]> {
    if (name !== undefined && this.canPrepare) {
      try {
        return await this.send({ text, values, name });
      } catch (error) {
        if (!isUnprepared(error)) throw error;
        this.canPrepare = false;
      }
    }
    return this.send({ text, values });
  }

  async close(): Promise<void> {
    this.timer?.clear();
    for (const one of this.underWay) this.fail(one, new SessionClosed());
    const { pool, isOwn } = this.options;
    if (!isOwn || pool.ending) return;
    const clients = [...this.clients];
    // Its promise stays open where a connection goes in its own way, as those under way do here.
    void pool.end();
    await Promise.all(clients.map(closeSocket));
  }

  private send(statement: Statement): Promise<readonly Row[]> {
    const { clock, pool, silentMs } = this.options;
    return new Promise((resolve, reject) => {
      const one: UnderWay = { askedMs: clock.nowMs(), sent: undefined, resolve, reject };
      this.underWay.add(one);
      this.timer ??= this.after(silentMs, () => this.look());
      pool.connect().then(
        (client) => {
          if (this.underWay.has(one)) this.sendOn(client, one, statement);
          // Too late: it is not used.
          else client.release();
        },
        (error: unknown) => this.fail(one, error),
      );
    });
  }

  private sendOn(client: PoolClient, one: UnderWay, { values, ...rest }: Statement): void {
    one.sent = { client, atMs: this.options.clock.nowMs() };
    client.on('error', ignore);
    const config = { ...rest, values: [...values], rowMode: 'array' as const };
    client.query<unknown[]>(config).then(
      ({ rows }) => this.onRows(one, rows),
      (error: unknown) => this.fail(one, error),
    );
  }

  private onRows(one: UnderWay, rows: readonly Row[]): void {
    if (!this.underWay.delete(one)) return;
    letGo(one.sent!.client, true);
    this.heardMs = this.options.clock.nowMs();
    one.resolve(rows);
  }

  private fail(one: UnderWay, error: unknown): void {
    if (!this.underWay.delete(one)) return;
    if (one.sent) letGo(one.sent.client, isAnswer(error));
    one.reject(error);
  }

  /** One timer for all: who is silent too long gets a second look, and is then given up. */
  private look(): void {
    const leftMs = Math.min(...[...this.underWay].map((one) => this.leftMs(one)));
    this.timer = undefined;
    if (leftMs > 0) {
      if (leftMs < Infinity) this.timer = this.after(leftMs, () => this.look());
      return;
    }
    const silent = [...this.underWay].filter((one) => this.leftMs(one) <= 0);
    this.timer = this.after(SECOND_LOOK_MS, () => {
      // One that waits for a connection may have got it, or seen others answered, meanwhile.
      for (const one of silent.filter((it) => this.leftMs(it) <= 0))
        this.fail(one, new Error(`no answer for ${Math.round(this.options.silentMs)} ms`));
      this.look();
    });
  }

  /** Before it is sent it may wait for others, as long as those are answered. */
  private leftMs({ askedMs, sent }: UnderWay): number {
    const { clock, silentMs } = this.options;
    return (sent?.atMs ?? Math.max(askedMs, this.heardMs)) + silentMs - clock.nowMs();
  }

  private after(ms: number, then: () => void): Timer {
    return this.options.clock.setTimer(ms, then, { isBackground: true });
  }
}

function ignore(): void {}

function letGo(client: PoolClient, isGood: boolean): void {
  if (!isGood) reset(client);
  client.release(!isGood);
  client.off('error', ignore);
}

/** What a client is connected by; the driver has no name for it. */
function socketOf(client: object): Socket | undefined {
  const { connection } = client as { connection?: { stream?: Socket } };
  return connection?.stream;
}

/** What is written is sent; a server that stands still, and never closes its side, is not waited for. */
export function closeSocket(client: object): Promise<void> {
  const socket = socketOf(client);
  if (!socket || socket.closed) return Promise.resolve();
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
    socket.destroySoon();
  });
}

/** What is written and not yet sent is never sent. */
export function reset(client: object): void {
  const socket = socketOf(client);
  // A socket that is being ended cannot be reset: Node would never close it.
  if (!socket || socket.writableEnded) return void socket?.destroy();
  try {
    socket.resetAndDestroy();
  } catch {
    // Over TLS there is no reset.
    socket.destroy();
  }
}
