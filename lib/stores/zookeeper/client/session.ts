/**
 * The session, over one connection after the other.
 *
 *   ended ──connect()──► opening ──ready──► connected          opening ──nobody in time, refused──► ended
 *   connected ──connection lost──► resuming ──ready──► connected
 *   resuming ──no server knows it, or none was reached in all its time──► ended: `expired`
 *   resuming ──the credentials are refused──► ended: `failed`
 *   any ──close()──► closed; connected or resuming, it is ended on the server, if one is reached in time
 */
import type { Timer } from '../../../util/clock.js';
import { type Deferred, deferred } from '../../../util/deferred.js';
import { noServerError, unsentError } from './answers.js';
import type { Accepted, Asked, ConnectionHandlers, ConnectionPlan } from './connection.js';
import { Dialer } from './dialer.js';
import { Heartbeat } from './heartbeat.js';
import { closeSessionRequest, syncRequest } from './requests.js';
import { HEARTBEATS, SessionLife } from './session-life.js';
import { Watches } from './watches.js';
import type { ZooKeeperAddress, ZooKeeperOptions } from './zookeeper-client.js';
import type { ZooKeeperError } from './zookeeper-error.js';

/** A session that is not there yet has no password. */
const NO_PASSWORD = Buffer.alloc(16);
/** However short a session is asked for, the server says how long it is; until then, in milliseconds. */
const SHORTEST_MS = 1_000;
/** After so many of its times without a connection, no server that ran has kept it. */
const RESUMED_WITHIN = 4 / 3;

export interface SessionOptions extends ZooKeeperOptions {
  readonly onWatchEvent: (type: number, path: string) => void;
}

export class Session {
  id = 0n;
  negotiatedMs = 0;
  readonly watches = new Watches();
  private readonly life = new SessionLife();
  private readonly dialer: Dialer;
  private state: 'ended' | 'opening' | 'connected' | 'resuming' | 'closed' = 'ended';
  /** True where there is one to resume. */
  private isOpen = false;
  private password: Buffer = NO_PASSWORD;
  private lastZxid = 0n;
  private heartbeat: Heartbeat | undefined;
  private resumedTooLate: Timer | undefined;
  private awaited: { readonly opened: Deferred<void>; readonly giveUp: Timer } | undefined;
  private closing: Promise<void> | undefined;

  constructor(private readonly options: SessionOptions) {
    const { servers, clock, random } = options;
    const plan = (address: ZooKeeperAddress): ConnectionPlan => this.plan(address);
    this.dialer = new Dialer({ servers, clock, random, plan, handlers: this.handlers() });
  }

  get isConnected(): boolean {
    return this.state === 'connected';
  }

  get aliveUntilMs(): number {
    return this.life.aliveUntilMs;
  }

  async connect(): Promise<void> {
    if (this.state === 'connected') return;
    if (this.state === 'closed') throw unsentError('CLOSED', { verb: 'open a session' });
    if (!this.awaited) {
      const { clock, connectMs } = this.options;
      this.awaited = { opened: deferred(), giveUp: clock.setTimer(connectMs, () => this.abandon()) };
    }
    const { promise } = this.awaited.opened;
    if (this.state === 'ended') {
      this.state = 'opening';
      this.dialer.start();
    }
    await promise;
  }

  /** @throws ZooKeeperError */
  async ask<T>(asked: Asked<T>): Promise<T> {
    if (this.state === 'connected') return this.dialer.connection!.ask(asked);
    asked.onSettled?.(undefined);
    const isOver = this.state === 'ended' && this.id !== 0n;
    const code = this.state === 'closed' ? 'CLOSED' : isOver ? 'SESSION_EXPIRED' : 'NOT_CONNECTED';
    throw unsentError(code, asked);
  }

  /** A heartbeat that was answered by whoever ends sessions. */
  async beat(): Promise<void> {
    const sentMs = this.options.clock.nowMs();
    const { connection } = this.dialer;
    await this.ask({ request: syncRequest('/'), verb: 'answer a heartbeat' });
    if (connection === this.dialer.connection) this.life.answered(sentMs);
  }

  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private plan(address: ZooKeeperAddress): ConnectionPlan {
    const { tls, clock, auth, sessionMs, servers } = this.options;
    const greeting = this.isOpen
      ? { lastZxid: this.lastZxid, sessionMs, sessionId: this.id, password: this.password }
      : // What another session saw is no condition: the servers may have lost it.
        { lastZxid: 0n, sessionMs, sessionId: 0n, password: NO_PASSWORD };
    // One that is silent leaves time for the others within the session.
    const lastingMs = this.isOpen ? this.negotiatedMs : Math.max(sessionMs, SHORTEST_MS);
    const readyWithinMs = lastingMs / (servers.length + 1);
    return { address, tls, clock, greeting, credentials: auth?.credentials, readyWithinMs };
  }

  private handlers(): ConnectionHandlers {
    return {
      onReady: (accepted) => this.become(accepted),
      onExpired: () => this.expire(),
      onRefused: (error) => this.fail(error),
      onGone: () => this.lose(),
      onWatchEvent: (type, path) => this.options.onWatchEvent(type, path),
      onZxid: (zxid) => {
        if (zxid > this.lastZxid) this.lastZxid = zxid;
      },
    };
  }

  private become({ sessionId, password, negotiatedMs, sentMs }: Accepted): void {
    const { onEvent } = this.options;
    const isNewSession = !this.isOpen;
    if (isNewSession) this.lastZxid = 0n;
    this.isOpen = true;
    this.id = sessionId;
    this.password = password;
    this.negotiatedMs = negotiatedMs;
    this.life.opened(sentMs, negotiatedMs);
    this.resumedTooLate?.clear();
    if (this.state !== 'closed') {
      this.state = 'connected';
      this.startHeartbeat();
      for (const frame of this.watches.frames(this.lastZxid)) this.dialer.connection!.tell(frame);
      onEvent({ kind: 'connected', isNewSession });
    }
    this.settle();
  }

  private startHeartbeat(): void {
    this.heartbeat = new Heartbeat({
      clock: this.options.clock,
      everyMs: this.negotiatedMs / HEARTBEATS,
      beat: () => this.beat(),
      onSilent: () => this.dialer.connection?.end(new Error('a heartbeat was not answered')),
    });
  }

  private lose(): void {
    this.heartbeat?.stop();
    if (this.state !== 'connected') return;
    this.state = 'resuming';
    const { clock, onEvent } = this.options;
    this.resumedTooLate = clock.setTimer(this.negotiatedMs * RESUMED_WITHIN, () => this.expire());
    this.dialer.start();
    onEvent({ kind: 'disconnected' });
  }

  private expire(): void {
    this.finish(unsentError('SESSION_EXPIRED', { verb: 'go on with the session' }));
    if (this.state !== 'closed') this.options.onEvent({ kind: 'expired' });
  }

  private fail(error: ZooKeeperError): void {
    const hadSession = this.isOpen;
    this.finish(error);
    if (this.state !== 'closed' && hadSession) this.options.onEvent({ kind: 'failed', error });
  }

  /** The time of `connect` is over. A session that is being resumed goes on without it. */
  private abandon(): void {
    const { servers, connectMs } = this.options;
    const error = noServerError(servers, connectMs, this.dialer.failed);
    if (this.state === 'opening') this.finish(error);
    else this.settle(error);
  }

  /** Nothing of the session is left here. */
  private finish(error: ZooKeeperError): void {
    this.isOpen = false;
    this.life.ended();
    this.resumedTooLate?.clear();
    this.heartbeat?.stop();
    this.watches.clear();
    if (this.state !== 'closed') this.state = 'ended';
    this.dialer.stop(error);
    this.settle(error);
  }

  /** Answers those who wait for a connection. */
  private settle(error?: ZooKeeperError): void {
    const { awaited } = this;
    this.awaited = undefined;
    awaited?.giveUp.clear();
    if (error) awaited?.opened.reject(error);
    else awaited?.opened.resolve();
  }

  private async end(): Promise<void> {
    const { clock, connectMs } = this.options;
    const { state } = this;
    this.state = 'closed';
    const error = unsentError('CLOSED', { verb: 'go on with the session' });
    this.settle(error);
    this.watches.clear();
    this.heartbeat?.stop();
    const mostMs = Math.min(connectMs, this.negotiatedMs / 2);
    if (state === 'resuming') {
      // Its ephemeral nodes would stand until its time is over: worth a look for a server.
      const opened = deferred<void>();
      this.awaited = { opened, giveUp: clock.setTimer(mostMs, () => this.settle(error)) };
      await opened.promise.catch(() => undefined);
    }
    if (this.isOpen) await this.endOnServer(mostMs);
    this.finish(error);
    await this.dialer.closed();
  }

  private async endOnServer(mostMs: number): Promise<void> {
    const { connection } = this.dialer;
    if (!connection?.isReady) return;
    const isLate = this.options.clock.setTimer(mostMs, () => connection.end(new Error('it took too long')));
    // Where it fails the session ends by itself, when its time is over.
    await connection.ask({ request: closeSessionRequest(), verb: 'end the session' }).catch(() => undefined);
    isLate.clear();
  }
}
