import { LockStoreError } from '../errors.js';
import { KeySpace } from '../line/key-space.js';
import type { Hint, LockStore, SessionContext, StoreCapabilities, StoreSession } from '../line/store.js';
import { type Clock, systemClock } from '../util/clock.js';
import { randomId } from '../util/random.js';
import { Strangers } from './strangers.js';

/**
 * A store for the unit tests of an application: it works like the memory store, and does on command what a test cannot
 * wait for. Keys are those that the application uses, without the namespace.
 */
export interface ScriptedStore extends LockStore {
  /** Somebody else holds the key until `clear()`, from the moment in which nobody does. */
  busy(key: string): void;
  /** Every command is answered with a LockStoreError caused by `error`, until `clear()`. */
  fail(error: Error): void;
  /** Every command takes so many milliseconds longer, until `clear()`. */
  delay(ms: number): void;
  /** Whoever holds the key loses it now, and is told before the next turn of the event loop. */
  lose(key: string): void;
  /** Nobody else holds anything any more, nothing fails, nothing is delayed. Who waits goes on. */
  clear(): void;
}

/** What a scripted store is made of. */
export interface ScriptedStoreOptions {
  /** Ends leases and delays answers. Default: the process's own. */
  readonly clock?: Clock;
}

const CAPABILITIES: StoreCapabilities = {
  shared: true,
  permits: true,
  leases: true,
  fairOrder: true,
  wakeUp: 'message',
};

const NAME = 'scripted';

/** @example const store = scriptedStore(); store.busy('vote:7'); // the next request for vote:7 has to wait */
export function scriptedStore(options: ScriptedStoreOptions = {}): ScriptedStore {
  return new Script(options.clock ?? systemClock);
}

class Script implements ScriptedStore {
  readonly name = NAME;
  readonly capabilities = CAPABILITIES;
  readonly raisesTokens = true;
  readonly space: KeySpace;
  private readonly listeners = new Map<string, (hint: Hint) => void>();
  private readonly strangers: Strangers;
  private failure: Error | undefined;
  private delayMs = 0;

  constructor(private readonly clock: Clock) {
    this.space = new KeySpace({
      nowUs: () => clock.epochUs(),
      // As over a network, a message arrives after the command that caused it has been answered.
      send: ({ kind, session, owner }) =>
        queueMicrotask(() => this.listeners.get(session)?.({ kind, owner })),
    });
    this.strangers = new Strangers(this.space);
    this.listeners.set(this.strangers.session, () => this.strangers.look());
  }

  async connect({ onHint }: SessionContext): Promise<StoreSession> {
    const id = randomId();
    await this.answer('connect', () => this.listeners.set(id, onHint));
    return new ScriptedSession(this, id);
  }

  /** Runs a command on these keys, or does what the script says instead. */
  async answer<T>(operation: string, command: () => T, keys: readonly string[] = []): Promise<T> {
    if (this.delayMs > 0) await this.later(this.delayMs);
    if (this.failure) throw failed(operation, this.failure);
    this.strangers.see(keys);
    this.strangers.look();
    return command();
  }

  /** Strangers hold a key in the way in which it is asked for: a semaphore that is busy has no permit left. */
  heldAs(keys: readonly string[], capacity: number): void {
    this.strangers.see(keys, capacity);
  }

  forget(session: string): void {
    this.listeners.delete(session);
  }

  busy(key: string): void {
    this.strangers.take(key);
  }

  fail(error: Error): void {
    this.failure = error;
  }

  delay(ms: number): void {
    this.delayMs = ms;
  }

  lose(key: string): void {
    for (const storeKey of this.strangers.known(key)) this.space.forceRelease(storeKey);
    this.strangers.look();
  }

  clear(): void {
    this.failure = undefined;
    this.delayMs = 0;
    this.strangers.leave();
    for (const tell of this.listeners.values()) tell({ kind: 'all' });
  }

  private later(ms: number): Promise<void> {
    return new Promise((resolve) => void this.clock.setTimer(ms, resolve));
  }
}

function failed(operation: string, cause: Error): LockStoreError {
  const text = `The scripted store failed to ${operation}, as it was told: ${cause.message}`;
  return new LockStoreError(text, { store: NAME, operation, cause });
}

class ScriptedSession implements StoreSession {
  constructor(
    private readonly script: Script,
    private readonly id: string,
  ) {}

  acquire: StoreSession['acquire'] = (request) => {
    const command = (): ReturnType<KeySpace['acquire']> => this.script.space.acquire(request, this.id);
    this.script.heldAs(request.keys, request.capacity);
    return this.script.answer('acquire', command, request.keys);
  };
  renew: StoreSession['renew'] = (leases) =>
    this.script.answer('renew', () => this.script.space.renew(leases));
  release: StoreSession['release'] = (request) =>
    this.script.answer('release', () => this.script.space.release(request), request.keys);
  inspect: StoreSession['inspect'] = (key) =>
    this.script.answer('inspect', () => this.script.space.inspect(key), [key]);
  forceRelease: StoreSession['forceRelease'] = (key) =>
    this.script.answer('forceRelease', () => this.script.space.forceRelease(key), [key]);

  close(): Promise<void> {
    this.script.forget(this.id);
    return Promise.resolve();
  }
}
