import type { Clock, Timer } from '../../../util/clock.js';
import type { Random } from '../../../util/random.js';
import { type Accepted, Connection, type ConnectionHandlers, type ConnectionPlan } from './connection.js';
import { ServerRounds } from './server-rounds.js';
import type { ZooKeeperAddress } from './zookeeper-client.js';

export interface DialerOptions {
  readonly servers: readonly ZooKeeperAddress[];
  readonly clock: Clock;
  readonly random: Random;
  /** How to greet, as of now. */
  readonly plan: (address: ZooKeeperAddress) => ConnectionPlan;
  /** `onGone`: a connection that was ready is lost. */
  readonly handlers: ConnectionHandlers;
}

/**
 * Finds a server that takes the session, one at a time, until one does or it is stopped.
 *
 *   resting ──start()──► dialing ──failed──► pausing ──► dialing          dialing ──ready──► resting, with a connection
 *   dialing ──the session or the credentials are refused──► resting      any ──stop()──► resting
 */
export class Dialer {
  /** The one that is ready, or on its way. */
  connection: Connection | undefined;
  private readonly rounds: ServerRounds;
  private readonly failures = new Map<ZooKeeperAddress, Error>();
  private address: ZooKeeperAddress | undefined;
  private pause: Timer | undefined;
  private isDialing = false;
  private allClosed: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: DialerOptions) {
    this.rounds = new ServerRounds(options.servers, options.random);
  }

  /** Whose connection was the last one comes last. */
  start(): void {
    this.failures.clear();
    this.rounds.restart(this.address);
    this.isDialing = true;
    this.tryNext();
  }

  stop(reason: Error): void {
    this.isDialing = false;
    this.pause?.clear();
    this.connection?.end(reason);
  }

  /** Resolves when none of its sockets is left. */
  async closed(): Promise<void> {
    await this.allClosed;
  }

  /** What became of each server that was tried since the start. */
  get failed(): readonly { readonly address: ZooKeeperAddress; readonly reason: Error }[] {
    return [...this.failures].map(([address, reason]) => ({ address, reason }));
  }

  private tryNext(): void {
    const { address, pauseMs } = this.rounds.next();
    const dial = (): void => this.dial(address);
    if (pauseMs === 0) dial();
    else this.pause = this.options.clock.setTimer(pauseMs, dial);
  }

  private dial(address: ZooKeeperAddress): void {
    const { plan, handlers } = this.options;
    this.address = address;
    const connection = new Connection(plan(address), {
      ...handlers,
      onReady: (accepted: Accepted) => {
        this.isDialing = false;
        handlers.onReady(accepted);
      },
      onGone: (reason) => this.lose(address, reason),
    });
    this.connection = connection;
    this.allClosed = Promise.all([this.allClosed, connection.closed]);
  }

  private lose(address: ZooKeeperAddress, reason: Error): void {
    this.connection = undefined;
    if (!this.isDialing) {
      this.options.handlers.onGone(reason);
      return;
    }
    this.failures.set(address, reason);
    this.tryNext();
  }
}
