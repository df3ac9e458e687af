/**
 * The session, over one connection after the other.
 *
 *   ended ──connect()──► opening ──ready──► connected          opening ──nobody in time, refused──► ended
 *   connected ──connection lost──► resuming ──ready──► connected
 *   resuming ──the server does not know it──► ended: `expired`          resuming ──refused──► ended: `failed`
 *   any ──close()──► closed
 */
import type { Timer } from '../../../util/clock.js';
import { type Deferred, deferred } from '../../../util/deferred.js';
import { unsentError } from './answers.js';
import { type Accepted, type Asked, Connection, type ConnectionHandlers } from './connection.js';
import { Heartbeat } from './heartbeat.js';
import { closeSessionRequest, syncRequest } from './requests.js';
import { ServerRounds } from './server-rounds.js';
import { HEARTBEATS, SessionLife } from './session-life.js';
import { Watches } from './watches.js';
import type { ZooKeeperAddress, ZooKeeperOptions } from './zookeeper-client.js';
import { ZooKeeperError } from './zookeeper-error.js';

/** A session that is not there yet has no password. */
const NO_PASSWORD = Buffer.alloc(16);

export interface SessionOptions extends ZooKeeperOptions {
  readonly onWatchEvent: (type: number, path: string) => void;
}

export class Session {
  id = 0n;
  negotiatedMs = 0;
  readonly watches = new Watches();
  private readonly life = new SessionLife();
  private readonly rounds: ServerRounds;
  private state: 'ended' | 'opening' | 'connected' | 'resuming' | 'closed' = 'ended';
  private password: Buffer = NO_PASSWORD;
  private lastZxid = 0n;
  private connection: Connection | undefined;
  private address: ZooKeeperAddress | undefined;
  private heartbeat: Heartbeat | undefined;
  private pause: Timer | undefined;
  private awaited: Deferred<void> | undefined;
  private giveUp: Timer | undefined;
  private readonly failures = new Map<ZooKeeperAddress, Error>();

  constructor(private readonly options: SessionOptions) {
    this.rounds = new ServerRounds(options.servers, options.random);
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
      this.awaited = deferred();
      const { clock, connectMs } = this.options;
      this.giveUp = clock.setTimer(connectMs, () => this.abandon());
    }
    const { promise } = this.awaited;
    if (this.state === 'ended') {
      this.state = 'opening';
      this.password = NO_PASSWORD;
      this.begin();
    }
    await promise;
  }

  /** @throws ZooKeeperError */
  async ask<T>(asked: Asked<T>): Promise<T> {
    if (this.state === 'connected') return this.connection!.ask(asked);
    asked.onSettled?.(undefined);
    const isOver = this.state === 'ended' && this.id !== 0n;
    const code = this.state === 'closed' ? 'CLOSED' : isOver ? 'SESSION_EXPIRED' : 'NOT_CONNECTED';
    throw unsentError(code, asked);
  }

  /** A heartbeat that was answered by whoever ends sessions. */
  async beat(): Promise<void> {
    const sentMs = this.options.clock.nowMs();
    const { connection } = this;
    await this.ask({ request: syncRequest('/'), verb: 'take a heartbeat' });
    if (connection === this.connection) this.life.answered(sentMs);
  }

  async close(): Promise<void> {
    const { state } = this;
    this.state = 'closed';
    const closed = unsentError('CLOSED', { verb: 'go on with the session' });
    this.settle(closed);
    if (state === 'connected') await this.endSession();
    else if (state === 'resuming') await this.endSessionWhenResumed();
    this.stop(closed);
    await this.connection?.closed;
  }

  private begin(last?: ZooKeeperAddress): void {
    this.failures.clear();
    this.rounds.restart(last);
    this.tryNext();
  }

  private tryNext(): void {
    const { address, pauseMs } = this.rounds.next();
    const dial = (): void => this.dial(address);
    if (pauseMs === 0) dial();
    else this.pause = this.options.clock.setTimer(pauseMs, dial);
  }

  private dial(address: ZooKeeperAddress): void {
    const { tls, clock, auth, sessionMs, servers } = this.options;
    this.address = address;
    const isNew = this.state === 'opening';
    const greeting = {
      lastZxid: this.lastZxid,
      sessionMs,
      sessionId: isNew ? 0n : this.id,
      password: this.password,
    };
    // One that is silent leaves time for the others within the session.
    const readyWithinMs = (this.negotiatedMs || sessionMs) / (servers.length + 1);
    const plan = { address, tls, clock, greeting, credentials: auth?.credentials, readyWithinMs };
    this.connection = new Connection(plan, this.handlers());
  }

  private handlers(): ConnectionHandlers {
    return {
      onReady: (accepted) => this.becomeConnected(accepted),
      onExpired: () => this.expire(),
      onRefused: (error) => this.fail(error),
      onGone: (reason) => this.lose(reason),
      onWatchEvent: (type, path) => this.options.onWatchEvent(type, path),
      onZxid: (zxid) => {
        if (zxid > this.lastZxid) this.lastZxid = zxid;
      },
    };
  }

  private becomeConnected({ sessionId, password, negotiatedMs, sentMs }: Accepted): void {
    const isNewSession = this.state === 'opening';
    this.id = sessionId;
    this.password = password;
    this.negotiatedMs = negotiatedMs;
    this.life.opened(sentMs, negotiatedMs);
    if (this.state === 'closed') {
      this.awaited?.resolve();
      return;
    }
    this.state = 'connected';
    this.heartbeat = new Heartbeat({
      clock: this.options.clock,
      everyMs: negotiatedMs / HEARTBEATS,
      beat: () => this.beat(),
      onSilent: () => this.connection?.end(new Error('a heartbeat was not answered')),
    });
    for (const frame of this.watches.frames(this.lastZxid)) this.connection!.tell(frame);
    this.options.onEvent({ kind: 'connected', isNewSession });
    this.settle();
  }

  private expire(): void {
    if (this.isEndedBy(unsentError('SESSION_EXPIRED', { verb: 'go on with the session' }))) {
      this.options.onEvent({ kind: 'expired' });
    }
  }

  private fail(error: ZooKeeperError): void {
    const hadSession = this.state === 'resuming';
    if (this.isEndedBy(error) && hadSession) this.options.onEvent({ kind: 'failed', error });
  }

  /** False where it was closed meanwhile. */
  private isEndedBy(error: ZooKeeperError): boolean {
    this.watches.clear();
    if (this.state !== 'closed') this.state = 'ended';
    this.settle(error);
    return this.state === 'ended';
  }

  private lose(reason: Error): void {
    this.heartbeat?.stop();
    if (this.state === 'opening' || this.state === 'resuming') {
      if (this.address) this.failures.set(this.address, reason);
      this.tryNext();
    } else if (this.state === 'connected') {
      this.state = 'resuming';
      this.options.onEvent({ kind: 'disconnected' });
      // Whoever was told may have closed it.
      if (this.isResuming()) this.begin(this.address);
    }
  }

  private isResuming(): boolean {
    return this.state === 'resuming';
  }

  /** The time of `connect` is over. A session that is being resumed goes on without it. */
  private abandon(): void {
    const reasons = [...this.failures].map(([{ host, port }, { message }]) => `${host}:${port}: ${message}`);
    const asked = this.options.servers.map(({ host, port }) => `${host}:${port}`).join(', ');
    const text = `No ZooKeeper server opened a session within ${this.options.connectMs} ms; asked: ${asked}. Check that they run, have a majority, and that the addresses are right. ${reasons.join('; ')}`;
    const error = new ZooKeeperError(text.trim(), {
      code: 'NO_SERVER',
      cause: [...this.failures.values()].at(-1),
    });
    if (this.state === 'opening') {
      this.state = 'ended';
      this.stop(error);
    }
    this.settle(error);
  }

  /** Answers those who wait for a connection. */
  private settle(error?: ZooKeeperError): void {
    this.giveUp?.clear();
    const { awaited } = this;
    this.awaited = undefined;
    if (error) awaited?.reject(error);
    else awaited?.resolve();
  }

  private stop(reason: Error): void {
    this.pause?.clear();
    this.heartbeat?.stop();
    this.connection?.end(reason);
  }

  private async endSession(): Promise<void> {
    const { connection } = this;
    if (!connection) return;
    const { clock, connectMs } = this.options;
    const mostMs = Math.min(connectMs, this.negotiatedMs / 2);
    const isLate = clock.setTimer(mostMs, () =>
      connection.end(new Error('the session was not ended in time')),
    );
    // Where it fails the session ends by itself, when its time is over.
    await connection.ask({ request: closeSessionRequest(), verb: 'end the session' }).catch(() => undefined);
    isLate.clear();
  }

  /** Its ephemeral nodes would stand until its time is over: worth one more look for a server. */
  private async endSessionWhenResumed(): Promise<void> {
    await Promise.resolve();
  }
}
