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
import type { Pool, PoolClient } from 'pg';
import type { Clock, Timer } from '../../util/clock.js';
import { type Deferred, deferred } from '../../util/deferred.js';
import { SessionClosed } from '../sql/sql-errors.js';
import { isAnswer } from './postgres-errors.js';

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

export class PostgresLink {
  /** Each statement under way, and what ends it early. */
  private readonly underWay = new Set<Deferred<never>>();
  private readonly clients = new Set<PoolClient>();
  /** When any statement was answered last. */
  private heardMs = -Infinity;

  constructor(private readonly options: LinkOptions) {
    if (!options.isOwn) return;
    // A connection that fails while it is idle is replaced at the next use.
    options.pool.on('error', () => undefined);
    options.pool.on('connect', (client) => this.clients.add(client));
    options.pool.on('remove', (client) => this.clients.delete(client));
  }

  /** The rows, as arrays. @throws the server's answer, or what became of the connection */
  async query(text: string, values: readonly (string | null)[] = []): Promise<readonly Row[]> {
    const { clock } = this.options;
    const startedMs = clock.nowMs();
    let sentMs: number | undefined;
    const end = deferred<never>();
    // Before it is sent it may wait for others, as long as those are answered.
    const timer = this.watch(end, () => sentMs ?? Math.max(startedMs, this.heardMs));
    end.promise.catch(() => undefined);
    this.underWay.add(end);
    try {
      const client = await this.client(end.promise);
      sentMs = clock.nowMs();
      const rows = await send(client, { text, values, end: end.promise });
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
    if (!isOwn || pool.ending) return;
    const clients = [...this.clients];
    // What was under way has reset its connection by then.
    await Promise.resolve();
    // Its promise stays open where a connection goes in its own way, as those under way do here.
    void pool.end();
    await Promise.all(clients.map(closeSocket));
  }

  private async client(end: Promise<never>): Promise<PoolClient> {
    const connecting = this.options.pool.connect();
    try {
      return await Promise.race([connecting, end]);
    } catch (error) {
      // Should it come late, it is not used.
      connecting.then(
        (client) => client.release(),
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
  readonly text: string;
  readonly values: readonly (string | null)[];
  readonly end: Promise<never>;
}

async function send(client: PoolClient, { text, values, end }: Statement): Promise<readonly Row[]> {
  const onError = (): void => undefined;
  client.on('error', onError);
  let isGood = false;
  try {
    const config = { text, values: [...values], rowMode: 'array' as const };
    const { rows } = await Promise.race([client.query<unknown[]>(config), end]);
    isGood = true;
    return rows;
  } catch (error) {
    isGood = isAnswer(error);
    throw error;
  } finally {
    if (!isGood) reset(client);
    client.release(!isGood);
    client.off('error', onError);
  }
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
