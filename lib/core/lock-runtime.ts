import { LockClosedError, LockConfigError, LockStoreError, LockTimeoutError } from '../errors.js';
import { type LockStore, MODE_CAPACITY, type StoreSession } from '../line/store.js';
import { type Clock, systemClock } from '../util/clock.js';
import { type Random, systemRandom } from '../util/random.js';
import type { HeldLock } from './held-lock.js';
import { LiveLocks } from './live-locks.js';
import type { LocalQueueLimits } from './local-queue.js';
import { LockEventPublisher } from './lock-events.js';
import type { LockHandle } from './lock-handle.js';
import { lockKeys, namespacePrefix } from './lock-keys.js';
import { type LockOptions, type LockPlan, planLock } from './lock-options.js';
import { checkFits, contextScope, heldInContext, Scope } from './lock-scope.js';
import { LockService, type LockState } from './lock.service.js';
import { LockView } from './lock-view.js';
import type { LockScope } from './re-entry.js';
import { Requester } from './requester.js';
import { StoreClient } from './store-client.js';
import { WaitBudget } from './wait-budget.js';

export interface LockRuntimeConfig {
  readonly store: LockStore;
  readonly stores?: Readonly<Record<string, LockStore>>;
  readonly namespace: string;
  /** Default wait, in milliseconds. */
  readonly waitMs: number;
  /** The lease that is renewed, in milliseconds. */
  readonly watchdogMs: number;
  /** How long holders may finish after `drain`, in milliseconds. */
  readonly shutdownMs: number;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Of the local hand-off; tests cut the blocks short. */
  readonly limits?: LocalQueueLimits;
  /** What an operator should read. */
  readonly onNotice?: (level: 'log' | 'warn' | 'error', text: string) => void;
}

/** Options of one request; `template` names it in events. */
export type EnterOptions = LockOptions & { readonly template?: string | undefined };

/** The longest that a single attempt (`waitTime: 0`, `inspect`) may take to be answered. */
const ATTEMPT_MS = 2_000;

/**
 * The lock service of one application.
 *
 *   open ──drain()──► draining          no new requests, waiters are told, holders finish
 *   draining ──shutdown()──► closed     those that have not are told, everything held is released
 */
export class LockRuntime extends LockService {
  private readonly main: Requester;
  private readonly named = new Map<string, Requester>();
  private readonly live: LiveLocks;
  private readonly events = new LockEventPublisher();
  private readonly clock: Clock;
  private readonly waits = new Set<WaitBudget>();
  private isDraining = false;
  /** After `drain`: the holders' time is over. */
  private grace: Promise<void> | undefined;

  constructor(private readonly config: LockRuntimeConfig) {
    super();
    this.clock = config.clock ?? systemClock;
    this.live = new LiveLocks(this.clock);
    const prefix = namespacePrefix(config.namespace);
    this.main = this.requester(config.store, prefix);
    for (const [name, store] of Object.entries(config.stores ?? {})) {
      this.named.set(name, this.requester(store, prefix));
    }
  }

  withLock<T>(
    key: string | readonly string[],
    ...rest:
      | [work: (lock: LockHandle) => T | Promise<T>]
      | [options: LockOptions, work: (lock: LockHandle) => T | Promise<T>]
  ): Promise<T> {
    return rest.length === 1 ? this.workIn(key, {}, rest[0]) : this.workIn(key, rest[0], rest[1]);
  }

  async acquire(key: string | readonly string[], options: LockOptions = {}): Promise<LockHandle> {
    return this.take(key, options);
  }

  async tryAcquire(key: string | readonly string[], options: LockOptions = {}): Promise<LockHandle | null> {
    try {
      return await this.take(key, { ...options, waitTime: options.waitTime ?? 0 });
    } catch (error) {
      if (error instanceof LockTimeoutError) return null;
      throw error;
    }
  }

  current(key?: string): LockHandle | undefined {
    for (let scope = contextScope(); scope; scope = scope.outer) {
      if (!scope.handle.isOpen) continue;
      if (key === undefined || scope.handle.keys.includes(key)) return scope.handle;
    }
    return undefined;
  }

  async inspect(key: string, options: { store?: string } = {}): Promise<LockState> {
    const { client } = this.requesterOf(options.store);
    const [name] = lockKeys(key);
    const view = await this.ask(client, 'inspect', (session) => session.inspect(client.storeKey(name!)));
    const isMode = view.capacity === MODE_CAPACITY;
    const holders = view.holders.map(({ owner, token, weight, restMs }) => ({
      owner,
      fencingToken: token,
      mode: weight >= view.capacity ? ('exclusive' as const) : ('shared' as const),
      weight: isMode ? 1 : weight,
      remainingMs: restMs,
    }));
    return { key: name!, holders, waiters: view.waiters };
  }

  async forceRelease(key: string, options: { store?: string } = {}): Promise<boolean> {
    const { client } = this.requesterOf(options.store);
    const [name] = lockKeys(key);
    return this.ask(client, 'forceRelease', (session) => session.forceRelease(client.storeKey(name!)));
  }

  /**
   * Acquires and opens a scope, inside of which the same keys are granted at once; what `withLock` and decorated methods
   * are made of.
   * @throws as {@link LockService.acquire}
   */
  async enter(keys: string | readonly string[], options: EnterOptions = {}): Promise<LockScope> {
    return new Scope(await this.take(keys, options), contextScope());
  }

  /** Checks what a request with these options would be refused for. @throws LockConfigError, LockUnsupportedError */
  checkOptions(options: LockOptions): void {
    planLock(options, this.config, this.requesterOf(options.store).client.store);
  }

  /**
   * Connects every store. One that cannot be reached now is a notice: requests try again.
   * @throws LockConfigError, LockUnsupportedError where a store will never serve
   */
  async start(): Promise<void> {
    await Promise.all(
      this.requesters().map(async ({ client }) => {
        try {
          await this.ask(client, 'connect', () => Promise.resolve());
        } catch (error) {
          if (!(error instanceof LockStoreError)) throw error;
          this.notice('error', `Lock store "${client.store.name}" cannot be used yet: ${error.message}`);
        }
      }),
    );
  }

  /** No new requests; who waits is told; holders have `shutdownMs` from now. */
  drain(): void {
    if (this.isDraining) return;
    this.isDraining = true;
    for (const wait of this.waits) wait.end({ kind: 'error', error: closedError() });
    this.grace = this.live.whenEmpty(this.config.shutdownMs).then(() => this.abortHolders());
  }

  /** Waits for holders until their time is spent, releases what is still held, closes the sessions. */
  async shutdown(): Promise<void> {
    this.drain();
    await this.grace;
    await Promise.all(this.requesters().map(({ client }) => client.close()));
  }

  private async workIn<T>(
    key: string | readonly string[],
    options: LockOptions,
    work: (lock: LockHandle) => T | Promise<T>,
  ): Promise<T> {
    const scope = new Scope(await this.take(key, options), contextScope());
    let result: T;
    try {
      scope.handle.assertHeld();
      result = await scope.run(() => work(scope.handle));
    } catch (error) {
      await scope.close();
      throw error;
    }
    const { loss } = scope.handle;
    await scope.close();
    if (loss) throw loss;
    return result;
  }

  /** Re-enters what the calling context holds, and asks the store for the rest. */
  private async take(keys: string | readonly string[], options: EnterOptions): Promise<LockView> {
    const { signal } = options;
    if (signal?.aborted) throw signal.reason;
    const names = lockKeys(keys);
    const requester = this.requesterOf(options.store);
    const plan = planLock(options, this.config, requester.client.store);
    if (this.isDraining) throw closedError();
    const held = this.heldInContext(requester, names, plan);
    if (held === undefined)
      return new LockView(names, [await this.request(requester, { keys: names, plan }, options)]);
    return this.reEnter({ requester, names, plan, options, held });
  }

  private heldInContext(
    { client }: Requester,
    names: readonly string[],
    plan: LockPlan,
  ): Map<string, HeldLock> | undefined {
    if (contextScope() === undefined) return undefined;
    let held: Map<string, HeldLock> | undefined;
    for (const name of names) {
      const lock = heldInContext(client, name);
      if (!lock) continue;
      checkFits(lock, plan, name);
      held ??= new Map();
      held.set(name, lock);
    }
    return held;
  }

  private async reEnter({ requester, names, plan, options, held }: ReEntry): Promise<LockView> {
    const locks = [...new Set(held.values())];
    locks.forEach((lock) => lock.enter());
    try {
      const asked = plan.isRenewed ? 0 : plan.leaseMs;
      await Promise.all(locks.map((lock) => lock.restMs < asked && lock.extend(asked)));
      const keys = names.filter((name) => !held.has(name));
      if (keys.length > 0) locks.push(await this.request(requester, { keys, plan }, options));
      return new LockView(names, locks);
    } catch (error) {
      await Promise.all(locks.map((lock) => lock.leave()));
      throw error;
    }
  }

  private async request(
    requester: Requester,
    { keys, plan }: { keys: readonly string[]; plan: LockPlan },
    { signal, template }: EnterOptions,
  ): Promise<HeldLock> {
    const { clock, events } = this;
    const store = requester.client.store.name;
    const budget = new WaitBudget({ clock, waitMs: plan.waitMs === 0 ? ATTEMPT_MS : plan.waitMs, signal });
    this.waits.add(budget);
    try {
      const lock = await requester.take({ keys, plan, budget }, (over, end) => {
        this.live.delete(over);
        events.publish('ended', () => ({ store, keys, template, end }));
      });
      if (!lock.loss) this.live.add(lock);
      const { waitedMs } = budget;
      events.publish('granted', () => ({
        store,
        keys,
        template,
        waitedMs,
        isLocalHandOff: lock.isLocalHandOff,
      }));
      return lock;
    } catch (error) {
      events.publish('refused', () => ({ store, keys, template, waitedMs: budget.waitedMs, error }));
      throw error;
    } finally {
      this.waits.delete(budget);
    }
  }

  private async ask<T>(
    client: StoreClient,
    operation: string,
    verb: (session: StoreSession) => Promise<T>,
  ): Promise<T> {
    const { name } = client.store;
    return new Promise((resolve, reject) => {
      const timer = this.clock.setTimer(ATTEMPT_MS, () => {
        const text = `The lock store "${name}" did not answer within ${ATTEMPT_MS} ms. Check that it is up and can be reached.`;
        reject(new LockStoreError(text, { store: name, operation, isTransient: true }));
      });
      client
        .session()
        .then(verb)
        .then(resolve, reject)
        .finally(() => timer.clear());
    });
  }

  private async abortHolders(): Promise<void> {
    const late = [...this.live];
    const cause = { why: 'the application is shutting down and its time is spent', error: closedError() };
    for (const { client, hold } of late) client.watchdog.lose(hold, cause);
    await Promise.all(late.map(({ client, hold }) => client.giveBack(hold)));
  }

  private requester(store: LockStore, prefix: string): Requester {
    const { clock, random = systemRandom, watchdogMs, limits } = { ...this.config, clock: this.clock };
    const onRenewed = (holds: number, error?: unknown): void =>
      this.events.publish('renewed', () => ({ store: store.name, holds, error }));
    const client = new StoreClient(store, { prefix, clock, random, watchdogMs, onRenewed });
    const onThrown = (error: unknown): void =>
      this.notice('error', `A listener of lock.signal failed: ${String(error)}`);
    return new Requester(client, { watchdogMs, limits, onThrown });
  }

  private requesters(): Requester[] {
    return [this.main, ...this.named.values()];
  }

  private requesterOf(store: string | undefined): Requester {
    if (store === undefined) return this.main;
    const requester = this.named.get(store);
    if (requester) return requester;
    const known = [...this.named.keys()].map((name) => `"${name}"`).join(', ') || 'none';
    throw new LockConfigError(
      `Option "store" is ${JSON.stringify(store)}; the module's stores are: ${known}.`,
      {
        option: 'store',
      },
    );
  }

  private notice(level: 'log' | 'warn' | 'error', text: string): void {
    this.config.onNotice?.(level, text);
  }
}

interface ReEntry {
  readonly requester: Requester;
  readonly names: readonly string[];
  readonly plan: LockPlan;
  readonly options: EnterOptions;
  readonly held: ReadonlyMap<string, HeldLock>;
}

function closedError(): LockClosedError {
  return new LockClosedError('The application is shutting down and takes no new locks.');
}
