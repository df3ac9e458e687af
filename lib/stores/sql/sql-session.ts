import type {
  AcquireReply,
  AcquireRequest,
  Hint,
  KeyPage,
  KeyView,
  LeaseRequest,
  ListRequest,
  ReleaseRequest,
  SessionContext,
  StoreSession,
} from '../../line/store.js';
import { KeyTurns } from './key-turns.js';
import { Poller } from './poller.js';
import { pastRaces } from './races.js';
import type { SqlCommands } from './sql-commands.js';
import { type Failure, SessionClosed, type Speaker, storeErrorOf } from './sql-errors.js';
import { refuseOtherStrategy } from './strategy.js';
import { Sweeper } from './sweeper.js';

/** A renewal of more leases goes in several statements, so that none holds many rows for long. */
const LEASES_PER_STATEMENT = 100;

/** What the sessions of a store differ in. */
export interface SqlSessionParts {
  readonly context: SessionContext;
  readonly commands: SqlCommands;
  readonly speaker: Speaker;
  /** Where its messages go: a whole number from 0. */
  readonly id: number;
}

/** The one algorithm of the SQL stores: everything of a session but the statements and the ears. */
export class SqlSession implements StoreSession {
  private readonly turns: KeyTurns;
  private readonly poller: Poller;
  private readonly sweeper: Sweeper;
  private isHearing = false;
  private isClosed = false;

  constructor(protected readonly parts: SqlSessionParts) {
    const { context, commands } = parts;
    const { clock } = context;
    this.turns = new KeyTurns((requests) => this.send(requests));
    this.poller = new Poller({
      clock,
      ask: (waiters) => commands.called(waiters),
      onCalled: (owner) => context.onHint({ kind: 'called', owner }),
    });
    this.sweeper = new Sweeper({ clock, sweep: (place, most) => commands.sweep(place, most) });
    this.poller.start();
  }

  /** From now on messages come, or come no more: then it looks for itself. */
  setHearing(isHearing: boolean): void {
    this.isHearing = isHearing;
    if (isHearing || this.isClosed) this.poller.stop();
    else this.poller.start();
  }

  /** A message came, or some may have been missed. */
  hint(hint: Hint): void {
    if (!this.isClosed) this.parts.context.onHint(hint);
  }

  async acquire(request: AcquireRequest): Promise<AcquireReply> {
    const isAlone = request.keys.length > 1;
    const reply = isAlone ? (await this.send([request]))[0]! : await this.turns.ask(request);
    refuseOtherStrategy(request, reply);
    if (reply.kind === 'busy' && request.takesPlace) {
      this.poller.watch(request.owner, request.keys[reply.grants.length]!);
    } else this.poller.forget(request.owner);
    return reply;
  }

  async renew(leases: readonly LeaseRequest[]): Promise<readonly number[]> {
    const batches: (readonly LeaseRequest[])[] = [];
    for (let from = 0; from < leases.length; from += LEASES_PER_STATEMENT) {
      batches.push(leases.slice(from, from + LEASES_PER_STATEMENT));
    }
    const keysOf = (batch: readonly LeaseRequest[]): string[] => batch.map(({ key }) => key);
    const rests = batches.map((batch) =>
      this.run('renew', keysOf(batch), (commands) => commands.renew(batch)),
    );
    return (await Promise.all(rests)).flat();
  }

  release(request: ReleaseRequest): Promise<void> {
    this.poller.forget(request.owner);
    return this.run('release', request.keys, (commands) => commands.release(request));
  }

  inspect(key: string): Promise<KeyView> {
    return this.run('inspect', [key], (commands) => commands.inspect(key));
  }

  list(request: ListRequest): Promise<KeyPage> {
    return this.run('list', [], (commands) => commands.list(request));
  }

  forceRelease(key: string): Promise<boolean> {
    return this.run('forceRelease', [key], (commands) => commands.forceRelease(key));
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.sweeper.stop();
    this.poller.stop();
    await this.parts.commands.close();
  }

  /** Several only for one and the same key. */
  private send(requests: readonly AcquireRequest[]): Promise<readonly AcquireReply[]> {
    const session = this.isHearing ? this.parts.id : -1 - this.parts.id;
    return this.run('acquire', requests[0]!.keys, (commands) => commands.acquire(requests, session));
  }

  private async run<T>(
    operation: string,
    keys: readonly string[],
    statement: (commands: SqlCommands) => Promise<T>,
  ): Promise<T> {
    const { commands, speaker, context } = this.parts;
    const failing = (cause: unknown): Failure => ({
      operation,
      keys,
      cause: this.isClosed ? new SessionClosed() : cause,
    });
    if (this.isClosed) throw storeErrorOf(speaker, failing(undefined));
    try {
      const isRace = (error: unknown): boolean => !this.isClosed && speaker.verdictOn(error).isRace === true;
      return await pastRaces(context.clock, isRace, () => statement(commands));
    } catch (cause) {
      throw storeErrorOf(speaker, failing(cause));
    }
  }
}
