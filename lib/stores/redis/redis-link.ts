/**
 * One connection of a session, which notices by itself that it is dead.
 *
 *   new ──open()──► connecting ──answered──► ready
 *   connecting ──failed──► closed              open() rejects; whoever needs a connection makes a new one
 *   ready ──socket closed, or silent too long──► lost ──answered again──► ready, and `onReturn`
 *   lost ──the driver gives up──► lost         it is told to try again
 *   any ──close()──► closed
 *
 * Whatever is unanswered when the socket goes is rejected, and never sent again by itself: the outcome is unknown, and
 * only whoever asked knows whether to ask again. While lost, commands are rejected at once; nothing is queued.
 */
import type { Socket } from 'node:net';
import type { Redis } from 'ioredis';
import type { Clock, Timer } from '../../util/clock.js';

export interface LinkOptions {
  readonly clock: Clock;
  readonly client: Redis;
  /** With something unanswered, a connection that is silent for so long is taken for dead, in milliseconds. */
  readonly silentMs: number;
  /** It is back: what was told or subscribed on the old one is gone. */
  readonly onReturn: () => void;
}

/** How long the process's own standstill is given to read what lies in the socket, before the silence is believed. */
const SECOND_LOOK_MS = 50;

/** How long after the driver gave up it is told to try again. */
const TRY_AGAIN_MS = 100;
/** More in one packet leaves the server idle while this process makes the rest of it, and then the other way round. */
const MOST_GATHERED = 32;

export class RedisLink {
  readonly client: Redis;
  /** How many commands this tick has sent so far. */
  private gathered = 0;
  private unanswered = 0;
  /** When it last heard of the server, or began to wait for it. */
  private heardMs = 0;
  private timer: Timer | undefined;
  private nextTry: Timer | undefined;
  private isClosed = false;
  private isSuspected = false;
  private isGreeting = false;
  private hasBeenReady = false;
  private lastError: Error | undefined;

  constructor(private readonly options: LinkOptions) {
    this.client = options.client;
    this.client.on('error', (error: Error) => {
      this.lastError = error;
    });
    this.client.on('connect', () => this.greet());
    this.client.on('ready', () => this.becomeReady());
    this.client.on('close', () => this.endGreeting());
    this.client.on('end', () => this.tryAgain());
  }

  get isReady(): boolean {
    return this.client.status === 'ready';
  }

  /** Resolves when the server has answered. @throws what made it fail */
  async open(): Promise<void> {
    try {
      await this.client.connect();
    } catch (error) {
      await this.close();
      throw this.lastError ?? error;
    }
  }

  /** Sends a command. @throws the server's answer, or what became of the connection */
  send<T>(command: (client: Redis) => Promise<T>): Promise<T> {
    const wasUp = this.isReady;
    this.expect();
    this.gather();
    return command(this.client).then(
      (answer) => {
        this.unanswered--;
        this.hear();
        return answer;
      },
      (error: unknown) => {
        this.unanswered--;
        // Only the server's own word breaks the silence: what was rejected here says nothing of it.
        if (!isReply(error)) throw this.lossOf(wasUp, error);
        this.hear();
        throw error;
      },
    );
  }

  /** Resolves when the socket is gone. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.timer?.clear();
    this.nextTry?.clear();
    this.timer = this.nextTry = undefined;
    const stream = this.client.stream as Socket | null | undefined;
    this.client.disconnect();
    if (!stream || stream.closed) return;
    await new Promise<void>((resolve) => {
      stream.once('close', () => resolve());
      stream.destroy();
    });
  }

  /**
   * ioredis ends a client for good where it hears of a fail-over while it asks a sentinel for the master, which takes a
   * while where that sentinel has gone too.
   */
  private tryAgain(): void {
    if (this.isClosed || !this.hasBeenReady) return;
    this.nextTry = this.options.clock.setTimer(
      TRY_AGAIN_MS,
      // What fails is told by the events that come with it.
      () => void this.client.connect().catch(() => undefined),
      { isBackground: true },
    );
  }

  /** What one tick sends goes out in few packets: a system call costs more than the command itself. */
  private gather(): void {
    const { stream } = this.client;
    if (!stream) return;
    if (stream.writableCorked === 0) {
      this.gathered = 0;
      stream.cork();
      process.nextTick(() => stream.uncork());
    } else if (++this.gathered % MOST_GATHERED === 0) {
      stream.uncork();
      stream.cork();
    }
  }

  /** The driver's own words ("max retries per request") say nothing of what happened. */
  private lossOf(wasUp: boolean, error: unknown): Error {
    const cause = this.lastError ?? error;
    const reason = this.lastError ? `: ${this.lastError.message}` : '';
    const text = wasUp ? 'the connection was lost before the answer came' : 'there is no connection';
    return new Error(text + reason, { cause });
  }

  private greet(): void {
    if (!this.isGreeting) this.expect();
    this.isGreeting = true;
  }

  private endGreeting(): void {
    if (this.isGreeting) this.unanswered--;
    this.isGreeting = false;
    // A new connection has its own time, whatever was said on the old one.
    this.hear();
  }

  private becomeReady(): void {
    this.endGreeting();
    this.lastError = undefined;
    if (this.hasBeenReady) this.options.onReturn();
    this.hasBeenReady = true;
  }

  private expect(): void {
    if (this.unanswered === 0) this.heardMs = this.options.clock.nowMs();
    this.unanswered++;
    // One timer for all commands: under load none is set or cleared for each.
    this.timer ??= this.watch(this.options.silentMs);
  }

  private hear(): void {
    this.heardMs = this.options.clock.nowMs();
    this.isSuspected = false;
  }

  private watch(delayMs: number): Timer {
    return this.options.clock.setTimer(delayMs, () => this.look(), { isBackground: true });
  }

  private look(): void {
    this.timer = undefined;
    if (this.unanswered === 0) return;
    const leftMs = this.heardMs + this.options.silentMs - this.options.clock.nowMs();
    if (leftMs > 0) this.timer = this.watch(leftMs);
    else if (!this.isSuspected) {
      this.isSuspected = true;
      this.timer = this.watch(SECOND_LOOK_MS);
    } else this.reset();
  }

  /** Reset, not ended: what lies unsent in the socket must not reach the server later, when nobody means it any more. */
  private reset(): void {
    this.lastError = new Error(`no answer for ${this.options.silentMs} ms`);
    const stream = this.client.stream as Socket;
    try {
      stream.resetAndDestroy();
    } catch {
      // Over TLS there is no reset.
      stream.destroy();
    }
  }
}

function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}
