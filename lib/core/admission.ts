import { LockClosedError, LockConfigError } from '../errors.js';
import type { LockStore } from '../line/store.js';
import { type Clock, systemClock } from '../util/clock.js';
import { type Random, systemRandom } from '../util/random.js';
import type { HeldLock } from './held-lock.js';
import { LiveSet } from './live-set.js';
import type { LocalQueueLimits } from './local-queue.js';
import { LockEventPublisher } from './lock-events.js';
import { lockKeys, namespacePrefix } from './lock-keys.js';
import { type LockOptions, type LockPlan, planLock } from './lock-options.js';
import { checkFits, heldInContext } from './lock-scope.js';
import { LossNotices } from './loss-notices.js';
import { LockView } from './lock-view.js';
import { frames } from './re-entry.js';
import { Requester } from './requester.js';
import { RequestStory } from './request-story.js';
import { ATTEMPT_MS, StoreClient } from './store-client.js';
import { type Notify, storeReports } from './store-reports.js';
import { WaitBudget } from './wait-budget.js';

export interface AdmissionConfig {
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
  readonly onNotice?: Notify;
}

/** Options of one request; `template` names it in events. */
export type EnterOptions = LockOptions & { readonly template?: string | undefined };

/** Lets requests in: by re-entry what the calling context holds already, over a store the rest, and none once it drains. */
export class Admission {
  readonly clock: Clock;
  private readonly main: Requester;
  private readonly named = new Map<string, Requester>();
  private readonly live: LiveSet<HeldLock>;
  private readonly events = new LockEventPublisher();
  private readonly waits: LiveSet<WaitBudget>;
  private readonly losses: LossNotices;
  /** Once it drains: until the holders' time is over and those who were late are told and released. */
  private grace: Promise<void> | undefined;

  constructor(private readonly config: AdmissionConfig) {
    this.clock = config.clock ?? systemClock;
    this.live = new LiveSet(this.clock);
    this.waits = new LiveSet(this.clock);
    this.losses = new LossNotices(this.clock, (text) => this.notice('warn', text));
    const prefix = namespacePrefix(config.namespace);
    this.main = this.requester(config.store, prefix);
    for (const [name, store] of Object.entries(config.stores ?? {})) {
      this.named.set(name, this.requester(store, prefix));
    }
  }

  clients(): StoreClient[] {
    return [this.main, ...this.named.values()].map(({ client }) => client);
  }

  /** The names by which requests ask for a store; undefined for the one they get without. */
  storeNames(): (string | undefined)[] {
    return [undefined, ...this.named.keys()];
  }

  clientOf(store: string | undefined): StoreClient {
    return this.requesterOf(store).client;
  }

  /** How many wait in this process that the store cannot count. */
  unseenWaiters(key: string, store: string | undefined): number {
    return this.requesterOf(store).unseenWaiters(key);
  }

  plan(options: LockOptions): LockPlan {
    return planLock(options, this.config, this.clientOf(options.store).store);
  }

  /** Re-enters what the calling context holds, and asks the store for the rest. */
  async take(keys: string | readonly string[], options: EnterOptions): Promise<LockView> {
    const { signal } = options;
    if (signal?.aborted) throw signal.reason;
    const names = lockKeys(keys);
    const requester = this.requesterOf(options.store);
    const plan = planLock(options, this.config, requester.client.store);
    const held = this.heldInContext(requester, names, plan);
    if (held === undefined)
      return new LockView(names, [await this.request(requester, { keys: names, plan }, options)]);
    return this.reEnter({ requester, names, plan, options, held });
  }

  /** No new requests; who waits is told at once. Resolves when the holders are done, or their time is spent. */
  drain(): Promise<void> {
    if (!this.grace) {
      this.grace = this.endAll();
      for (const wait of this.waits) wait.end({ kind: 'error', error: closedError() });
    }
    return this.grace;
  }

  private heldInContext(
    { client }: Requester,
    names: readonly string[],
    plan: LockPlan,
  ): Map<string, HeldLock> | undefined {
    if (frames.getStore()?.scope === undefined) return undefined;
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
      const asked = Math.max(plan.isRenewed ? 0 : plan.leaseMs, plan.minHoldMs);
      await Promise.all(locks.filter((lock) => lock.restMs < asked).map((lock) => lock.extend(asked)));
      locks.forEach((lock) => lock.keepFor(plan.minHoldMs));
      const keys = names.filter((name) => !held.has(name));
      if (keys.length > 0) locks.push(await this.request(requester, { keys, plan }, options));
      // It may have been lost meanwhile: nothing begins inside of it any more.
      for (const { loss } of locks) if (loss) throw loss;
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
    if (this.grace) throw closedError();
    const { clock, events } = this;
    const store = requester.client.store.name;
    const { waitMs } = plan;
    const budget = new WaitBudget({ clock, waitMs: waitMs === 0 ? ATTEMPT_MS : waitMs, signal });
    this.waits.add(budget);
    const story = new RequestStory({ events, store, keys, template, waitMs, budget });
    try {
      const request = { keys, plan, budget };
      const outcome = await requester.wait(request);
      const lock = requester.settle(request, outcome, (over, end) => {
        this.live.delete(over);
        if (end === 'lost') this.losses.add(over.loss!);
        story.ended(over, end);
      });
      // Granted, but the drain began before anybody could be told: the body never starts.
      if (this.grace) await this.turnAway(lock);
      if (!lock.loss) this.live.add(lock);
      story.granted(lock);
      return lock;
    } catch (error) {
      story.refused(error);
      requester.client.suspect(error);
      throw error;
    } finally {
      budget.dispose();
      this.waits.delete(budget);
    }
  }

  private async turnAway(lock: HeldLock): Promise<never> {
    await lock.discard();
    throw closedError();
  }

  /** Who waited has its answer, or its time for one is over too, before anything is closed. */
  private async endAll(): Promise<void> {
    await this.live.whenEmpty(this.config.shutdownMs);
    this.abortHolders();
    await this.waits.whenEmpty(ATTEMPT_MS);
    this.losses.close();
  }

  private abortHolders(): void {
    const late = [...this.live];
    const why = 'the application is shutting down and its time is spent';
    const cause = { why, kind: 'shutdown', error: closedError() } as const;
    for (const { client, hold } of late) client.watchdog.lose(hold, cause);
    // Closing the sessions waits for them, and not for ever.
    for (const lock of late) void lock.giveBack();
  }

  private requester(store: LockStore, prefix: string): Requester {
    const { clock, random = systemRandom, watchdogMs, limits } = { ...this.config, clock: this.clock };
    const reports = storeReports(store.name, this.events, this.config.onNotice);
    const client = new StoreClient(store, { prefix, clock, random, watchdogMs, ...reports });
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
