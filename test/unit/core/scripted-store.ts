import { LockStoreError } from '../../../lib/errors.js';
import { KeySpace } from '../../../lib/line/key-space.js';
import type {
  AcquireReply,
  AcquireRequest,
  Hint,
  LeaseRequest,
  LockStore,
  ReleaseRequest,
  SessionContext,
  StoreCapabilities,
  StoreSession,
} from '../../../lib/line/store.js';
import type { Call } from '../../../lib/line/transition.js';
import type { Clock } from '../../../lib/util/clock.js';

export type Verb = 'acquire' | 'renew' | 'release' | 'inspect' | 'forceRelease';

/** What the network does when it is cut. */
export function cut(operation: string = 'acquire'): LockStoreError {
  return new LockStoreError('The connection was cut.', { store: 'scripted', operation, isTransient: true });
}

/** What a server does that will not serve. */
export function refusal(operation: string = 'acquire'): LockStoreError {
  return new LockStoreError('The server refuses.', { store: 'scripted', operation });
}

/** A command on its way; it reaches the server, and its answer the client, when the test says so. */
export class Command<T = unknown> {
  readonly promise: Promise<T>;
  isSettled = false;
  private resolve!: (value: T) => void;
  private reject!: (error: unknown) => void;
  private applied: { readonly value: T } | undefined;

  constructor(
    readonly verb: Verb,
    readonly request: unknown,
    private readonly run: () => T,
  ) {
    this.promise = new Promise<T>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  get asAcquire(): AcquireRequest {
    return this.request as AcquireRequest;
  }

  get asRenew(): readonly LeaseRequest[] {
    return this.request as readonly LeaseRequest[];
  }

  get asRelease(): ReleaseRequest {
    return this.request as ReleaseRequest;
  }

  get reply(): T | undefined {
    return this.applied?.value;
  }

  /** The server carries it out; once. */
  apply(): this {
    this.applied ??= { value: this.run() };
    return this;
  }

  /** Carried out, if it was not yet, and answered. */
  answer(): void {
    this.apply();
    this.isSettled = true;
    this.resolve(this.applied!.value);
  }

  /** Answered with something else than the server would. */
  answerWith(value: unknown): void {
    this.isSettled = true;
    this.resolve(value as T);
  }

  fail(error: unknown = cut(this.verb)): void {
    this.isSettled = true;
    this.reject(error);
  }
}

type Handling = (command: Command) => void;

/** A store whose server is the model, over a network that does what the test says. Without a word of it: at once and well. */
export class ScriptedStore implements LockStore {
  readonly name: string = 'scripted';
  readonly capabilities: StoreCapabilities = {
    shared: true,
    permits: true,
    leases: true,
    fairOrder: true,
    wakeUp: 'message',
  };
  readonly raisesTokens = true;
  space: KeySpace;
  /** Every command that was sent, in order. */
  readonly commands: Command[] = [];
  readonly sessions: ScriptedSession[] = [];
  /** How often a session was asked for. */
  connects = 0;
  /** Replaces the way a session is opened. */
  onConnect: (() => Promise<unknown>) | undefined;
  /** Takes over commands; what it does not take is answered at once. */
  onCommand: ((command: Command) => boolean) | undefined;
  /** True: messages are kept in `hints` until delivered. */
  keepsHints = false;
  readonly hints: Call[] = [];
  private readonly handlings: { verb: Verb; handle: Handling }[] = [];

  constructor(private readonly clock: Clock) {
    this.space = this.emptySpace();
  }

  /** The server starts again without its data. */
  forget(): void {
    this.space = this.emptySpace();
  }

  private emptySpace(): KeySpace {
    return new KeySpace({ nowUs: () => this.clock.epochUs(), send: (call) => this.send(call) });
  }

  async connect(context: SessionContext): Promise<StoreSession> {
    this.connects++;
    await this.onConnect?.();
    const session = new ScriptedSession(this, `session-${this.sessions.length}`, context);
    this.sessions.push(session);
    return session;
  }

  /** Takes the next command of that verb over, and gives it to the test. */
  takeNext(verb: Verb): { readonly command: Command } {
    const taken: { command?: Command } = {};
    this.handlings.push({ verb, handle: (command) => void (taken.command = command) });
    return {
      get command(): Command {
        if (!taken.command) throw new Error(`No ${verb} was sent.`);
        return taken.command;
      },
    };
  }

  /** What is to happen to the next command of that verb. */
  onNext(verb: Verb, handle: Handling): void {
    this.handlings.push({ verb, handle });
  }

  /** The commands of that verb which were sent. */
  sent(verb: Verb): Command[] {
    return this.commands.filter((command) => command.verb === verb);
  }

  /** A message from the server to the first session. */
  hint(hint: Hint): void {
    this.sessions[0]!.context.onHint(hint);
  }

  deliver(call: Call): void {
    const session = this.sessions.find(({ id }) => id === call.session);
    if (session && !session.isClosed) session.context.onHint({ kind: call.kind, owner: call.owner });
  }

  execute<T>(verb: Verb, request: unknown, run: () => T): Command<T> {
    const command = new Command<T>(verb, request, run);
    this.commands.push(command as Command);
    const index = this.handlings.findIndex((handling) => handling.verb === verb);
    if (index >= 0) this.handlings.splice(index, 1)[0]!.handle(command as Command);
    else if (!this.onCommand?.(command as Command)) command.answer();
    return command;
  }

  private send(call: Call): void {
    if (this.keepsHints) this.hints.push(call);
    else queueMicrotask(() => this.deliver(call));
  }
}

export class ScriptedSession implements StoreSession {
  isClosed = false;
  private readonly unanswered = new Set<Command>();

  constructor(
    private readonly store: ScriptedStore,
    readonly id: string,
    readonly context: SessionContext,
  ) {}

  acquire(request: AcquireRequest): Promise<AcquireReply> {
    return this.send('acquire', request, () => this.store.space.acquire(request, this.id));
  }

  renew(leases: readonly LeaseRequest[]): Promise<readonly number[]> {
    return this.send('renew', leases, () => this.store.space.renew(leases));
  }

  release(request: ReleaseRequest): Promise<void> {
    return this.send('release', request, () => this.store.space.release(request));
  }

  inspect(key: string): ReturnType<StoreSession['inspect']> {
    return this.send('inspect', key, () => this.store.space.inspect(key));
  }

  forceRelease(key: string): Promise<boolean> {
    return this.send('forceRelease', key, () => this.store.space.forceRelease(key));
  }

  close(): Promise<void> {
    this.isClosed = true;
    for (const command of this.unanswered) command.fail(refusal(command.verb));
    return Promise.resolve();
  }

  private send<T>(verb: Verb, request: unknown, run: () => T): Promise<T> {
    if (this.isClosed) return Promise.reject(refusal(verb));
    const command = this.store.execute(verb, request, run);
    this.unanswered.add(command as Command);
    return command.promise.finally(() => this.unanswered.delete(command as Command));
  }
}
