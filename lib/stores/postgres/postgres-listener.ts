/**
 * The ear of a session: one channel of its own, on a connection of its own.
 *
 *   away ──connected to the server itself, LISTEN answered──► deaf ──its own message came──► hearing
 *   away ──connected to a pooler──► deaf, for good
 *   any ──connection lost, or silent──► away ──a pause──► connecting anew
 *
 * Behind a pooler of transactions LISTEN is answered, and a message comes now and then, by chance: such a connection is
 * told by its backend, which is not the one that greeted it. Else only a message that came proves that messages come.
 * Each new connection, and each time it hears again, messages may have been missed: everybody looks.
 */
import type { Client } from 'pg';
import type { Hint } from '../../line/store.js';
import type { Clock, Timer } from '../../util/clock.js';
import { type Deferred, deferred } from '../../util/deferred.js';
import { closeSocket, reset } from './postgres-link.js';

export interface ListenerOptions {
  readonly clock: Clock;
  readonly makeClient: () => Client;
  readonly channel: string;
  /** A connection that owes an answer for so long is taken for dead, in milliseconds. */
  readonly silentMs: number;
  /** Sends a message to the channel, over another connection. */
  readonly probe: (text: string) => Promise<void>;
  readonly onHint: (hint: Hint) => void;
  readonly onHearing: (isHearing: boolean) => void;
}

const MESSAGE = /^(called|gone) (\S+)$/;
const PROBE = 'probe';
/** Pauses between attempts to connect, in milliseconds; doubled. */
const PAUSE_MS = { first: 25, most: 1_000 } as const;

export class PostgresListener {
  private client: Client | undefined;
  private timer: Timer | undefined;
  private isDirect = false;
  private isHearing = false;
  private wasConnected = false;
  private isClosed = false;
  private failures = 0;
  private readonly firstHeard: Deferred<void> = deferred<void>();

  constructor(private readonly options: ListenerOptions) {}

  /** True when it hears; false where it does not within `mostMs`, and goes on trying. @throws what kept it from connecting */
  async open(mostMs: number): Promise<boolean> {
    await this.connect();
    if (!this.isDirect) return false;
    const { clock } = this.options;
    const isLate = deferred<void>();
    const timer = clock.setTimer(mostMs, () => isLate.resolve());
    await Promise.race([this.firstHeard.promise, isLate.promise]);
    timer.clear();
    return this.isHearing;
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.timer?.clear();
    const { client } = this;
    this.client = undefined;
    if (!client) return;
    client.end().catch(() => undefined);
    await closeSocket(client);
  }

  /** Goes on trying by itself, without end, where this fails. */
  private async connect(): Promise<void> {
    const { makeClient, channel, onHint } = this.options;
    const client = makeClient();
    this.client = client;
    client.on('error', () => this.lose(client));
    client.on('end', () => this.lose(client));
    client.on('notification', (message) => this.hear(message.channel, message.payload ?? ''));
    try {
      await this.answered(client, () => client.connect());
      this.isDirect = await this.answered(client, () => isDirect(client));
      if (this.isDirect) await this.answered(client, () => client.query(`LISTEN "${channel}"`));
    } catch (error) {
      this.lose(client);
      throw error;
    }
    this.failures = 0;
    if (this.wasConnected) onHint({ kind: 'all' });
    this.wasConnected = true;
    await this.beat(client);
  }

  /** Whether the connection lives, and whether messages come. Never rejects. */
  private async beat(client: Client): Promise<void> {
    if (this.client !== client) return;
    const { clock, silentMs, probe } = this.options;
    this.timer = clock.setTimer(silentMs, () => void this.beat(client), { isBackground: true });
    const alive = this.answered(client, () => client.query('SELECT 1'));
    // Where the probe fails the commands' own errors tell of it.
    const probed = this.isDirect && !this.isHearing ? probe(PROBE).catch(() => undefined) : undefined;
    await Promise.all([alive.catch(() => this.lose(client)), probed]);
  }

  private async answered<T>(client: Client, command: () => Promise<T>): Promise<T> {
    const { clock, silentMs } = this.options;
    const timer = clock.setTimer(silentMs, () => reset(client), { isBackground: true });
    try {
      return await command();
    } finally {
      timer.clear();
    }
  }

  private hear(channel: string, text: string): void {
    if (channel !== this.options.channel || !this.isDirect) return;
    if (!this.isHearing) this.become(true);
    const [, kind, owner] = MESSAGE.exec(text) ?? [];
    if (owner !== undefined) this.options.onHint({ kind: kind === 'gone' ? 'gone' : 'called', owner });
  }

  private become(isHearing: boolean): void {
    this.isHearing = isHearing;
    this.options.onHearing(isHearing);
    if (!isHearing) return;
    this.firstHeard.resolve();
    this.options.onHint({ kind: 'all' });
  }

  private lose(client: Client): void {
    if (this.client !== client) return;
    this.client = undefined;
    this.timer?.clear();
    reset(client);
    if (this.isHearing) this.become(false);
    if (this.isClosed) return;
    const pauseMs = Math.min(PAUSE_MS.most, PAUSE_MS.first * 2 ** Math.min(this.failures++, 6));
    const again = (): void => void this.connect().catch(() => undefined);
    this.timer = this.options.clock.setTimer(pauseMs, again, { isBackground: true });
  }
}

/** Whether the backend that answers is the one that greeted the connection. */
async function isDirect(client: Client): Promise<boolean> {
  const { rows } = await client.query<unknown[]>({ text: 'SELECT pg_backend_pid()::text', rowMode: 'array' });
  const { processID } = client as { processID?: number | null };
  return rows[0]?.[0] === String(processID);
}
