/**
 * One connection to one server, from the first byte to the last.
 *
 *   dialing ──open──► greeting ──the session is accepted──► naming (with credentials) ──accepted──► ready
 *   greeting ──the session is unknown──► gone: `onExpired`
 *   naming ──refused──► gone: `onRefused`
 *   any ──socket lost, something that is no answer, no greeting in time, `end()`──► gone: `onGone`
 *
 * Requests are answered in their order. What is unanswered when it goes is rejected: its outcome is unknown.
 */
import type { ConnectionOptions } from 'node:tls';
import type { Clock, Timer } from '../../../util/clock.js';
import { type Deferred, deferred } from '../../../util/deferred.js';
import { answerError, type Deed, lossError, SESSION_EXPIRED, SESSION_MOVED } from './answers.js';
import { JuteReader, JuteWriter, NotJute } from './jute.js';
import type { Request } from './requests.js';
import { Wire } from './wire.js';
import type { ZooKeeperAddress } from './zookeeper-client.js';
import type { ZooKeeperError } from './zookeeper-error.js';

/** What the server is told first: of a new session, or of the one to resume. */
export interface Greeting {
  readonly lastZxid: bigint;
  readonly sessionMs: number;
  /** 0 for a new one. */
  readonly sessionId: bigint;
  readonly password: Buffer;
}

export interface Accepted {
  readonly sessionId: bigint;
  readonly password: Buffer;
  readonly negotiatedMs: number;
  /** When the greeting was sent: not later than the server began to count. */
  readonly sentMs: number;
}

export interface ConnectionHandlers {
  readonly onReady: (accepted: Accepted) => void;
  /** The server does not know the session any more. */
  readonly onExpired: () => void;
  /** The credentials were refused. */
  readonly onRefused: (error: ZooKeeperError) => void;
  readonly onGone: (reason: Error) => void;
  readonly onWatchEvent: (type: number, path: string) => void;
  readonly onZxid: (zxid: bigint) => void;
}

export interface ConnectionPlan {
  readonly address: ZooKeeperAddress;
  readonly tls: ConnectionOptions | undefined;
  readonly clock: Clock;
  readonly greeting: Greeting;
  readonly credentials: string | undefined;
  /** How long it may take until it is ready, in milliseconds. */
  readonly readyWithinMs: number;
}

/** A request on its way. `onSettled` is told at once, before anything that the server said later: its number, 0 for done, undefined for lost. */
export interface Asked<T> extends Deed {
  readonly request: Request<T>;
  readonly onSettled?: ((serverCode: number | undefined) => void) | undefined;
}

interface Pending {
  readonly number: number;
  readonly asked: Asked<unknown>;
  readonly answer: Deferred<unknown>;
}

/** Numbers of requests that are not in the line of the others. */
const WATCH_EVENT = -1;
const PING = -2;
const NAMING = -4;
const SET_WATCHES = -8;
const NAMING_OPERATION = 100;
const ENDING_ANSWERS: ReadonlySet<number> = new Set([SESSION_EXPIRED, SESSION_MOVED]);

export class Connection {
  private readonly wire: Wire;
  private readonly pending: Pending[] = [];
  private readonly isLate: Timer;
  private state: 'dialing' | 'greeting' | 'naming' | 'ready' | 'gone' = 'dialing';
  private lastNumber = 0;
  private greetedMs = 0;
  private accepted: Accepted | undefined;

  constructor(
    private readonly plan: ConnectionPlan,
    private readonly handlers: ConnectionHandlers,
  ) {
    const { address, tls, clock, readyWithinMs } = plan;
    this.isLate = clock.setTimer(readyWithinMs, () =>
      this.end(new Error(`no answer within ${Math.round(readyWithinMs)} ms`)),
    );
    this.wire = new Wire({
      address,
      tls,
      onOpen: () => this.greet(),
      onFrame: (frame) => this.receive(new JuteReader(frame)),
      onGone: (reason) => this.lose(reason),
    });
  }

  /** Resolves when the socket is no more. */
  get closed(): Promise<void> {
    return this.wire.closed;
  }

  get isReady(): boolean {
    return this.state === 'ready';
  }

  /** Only while it is ready. @throws ZooKeeperError what the server answered, or that the connection was lost */
  ask<T>(asked: Asked<T>): Promise<T> {
    const number = this.nextNumber();
    const answer = deferred<unknown>();
    this.pending.push({ number, asked, answer });
    const writer = new JuteWriter().int(number).int(asked.request.operation);
    asked.request.write(writer);
    this.wire.send(writer.frame());
    return answer.promise as Promise<T>;
  }

  /** A frame whose answer says nothing. */
  tell(frame: Buffer): void {
    this.wire.send(frame);
  }

  end(reason: Error): void {
    this.wire.end(reason);
  }

  private nextNumber(): number {
    this.lastNumber = this.lastNumber === 0x7fffffff ? 1 : this.lastNumber + 1;
    return this.lastNumber;
  }

  private greet(): void {
    const { clock, greeting } = this.plan;
    this.state = 'greeting';
    this.greetedMs = clock.nowMs();
    const { lastZxid, sessionMs, sessionId, password } = greeting;
    const writer = new JuteWriter().int(0).long(lastZxid).int(sessionMs).long(sessionId).buffer(password);
    this.wire.send(writer.bool(false).frame());
  }

  private receive(reader: JuteReader): void {
    if (this.state === 'greeting') {
      this.beGreeted(reader);
      return;
    }
    const number = reader.int();
    const zxid = reader.long();
    const serverCode = reader.int();
    if (zxid > 0n) this.handlers.onZxid(zxid);
    if (number === WATCH_EVENT) this.receiveEvent(reader);
    else if (number === NAMING) this.beNamed(serverCode);
    else if (number !== PING && number !== SET_WATCHES) this.settle(number, serverCode, reader);
  }

  private beGreeted(reader: JuteReader): void {
    reader.int();
    const negotiatedMs = reader.int();
    const sessionId = reader.long();
    const password = reader.buffer() ?? Buffer.alloc(16);
    if (negotiatedMs <= 0) {
      this.beUnknown();
      return;
    }
    this.accepted = { negotiatedMs, sessionId, password, sentMs: this.greetedMs };
    const { credentials } = this.plan;
    if (credentials === undefined) {
      this.becomeReady();
      return;
    }
    this.state = 'naming';
    const writer = new JuteWriter().int(NAMING).int(NAMING_OPERATION).int(0).text('digest');
    this.wire.send(writer.buffer(Buffer.from(credentials, 'utf8')).frame());
  }

  private beUnknown(): void {
    const hadSession = this.plan.greeting.sessionId !== 0n;
    if (hadSession) this.state = 'gone';
    this.end(new Error('the server opened no session'));
    if (hadSession) this.handlers.onExpired();
  }

  private beNamed(serverCode: number): void {
    if (serverCode === 0) {
      this.becomeReady();
      return;
    }
    const error = answerError(serverCode, { verb: 'take the credentials' });
    this.state = 'gone';
    this.end(error);
    this.handlers.onRefused(error);
  }

  private becomeReady(): void {
    this.isLate.clear();
    this.state = 'ready';
    this.handlers.onReady(this.accepted!);
  }

  private receiveEvent(reader: JuteReader): void {
    const type = reader.int();
    reader.int();
    this.handlers.onWatchEvent(type, reader.text());
  }

  private settle(number: number, serverCode: number, reader: JuteReader): void {
    const first = this.pending[0];
    if (!first || first.number !== number)
      throw new NotJute(`an answer to request ${number} came out of order`);
    const { asked, answer } = first;
    const value = serverCode === 0 ? asked.request.read(reader) : undefined;
    this.pending.shift();
    asked.onSettled?.(serverCode);
    if (serverCode === 0) answer.resolve(value);
    else answer.reject(answerError(serverCode, asked));
    // The session lives elsewhere or no more; whoever connects anew learns which.
    if (ENDING_ANSWERS.has(serverCode)) this.end(new Error('the session is not this connection’s any more'));
  }

  private lose(reason: Error): void {
    this.isLate.clear();
    for (const { asked, answer } of this.pending.splice(0)) {
      asked.onSettled?.(undefined);
      answer.reject(lossError(reason, asked));
    }
    // What led here may have told already.
    if (this.state === 'gone') return;
    this.state = 'gone';
    this.handlers.onGone(reason);
  }
}
