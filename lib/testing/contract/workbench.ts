import { strict as assert } from 'node:assert';
import { LockRuntime, type LockRuntimeConfig } from '../../core/lock-runtime.js';
import type { Hint, LockStore, StoreSession } from '../../line/store.js';
import { systemClock } from '../../util/clock.js';
import { randomId } from '../../util/random.js';
import type { ContractContext } from './contract-case.js';
import { tapped, type Tap } from './tapped-store.js';
import { eventually, lull } from './time.js';

/** Of every client and session of the contract. */
export const NAMESPACE = 'contract';

/** A client may be given other settings than these, and a tap on its store. */
export type ClientOptions = Partial<Omit<LockRuntimeConfig, 'store' | 'namespace'>> & {
  readonly namespace?: string;
  readonly tap?: Tap;
};

/** A session by itself: the port without the machinery above it. */
export interface BareSession extends StoreSession {
  readonly hints: readonly Hint[];
  readonly store: LockStore;
}

/** What one case works with: clients and sessions of its own, each with connections of its own, and keys nobody else uses. */
export class Workbench {
  private readonly stores: LockStore[] = [];
  private readonly clients: LockRuntime[] = [];
  private readonly sessions: StoreSession[] = [];
  private readonly keys = new Set<string>();
  private inspector: StoreSession | undefined;

  constructor(private readonly context: ContractContext) {}

  /** A whole client: what an application has. */
  async client({ namespace = NAMESPACE, tap, ...options }: ClientOptions = {}): Promise<LockRuntime> {
    const opened = await this.open();
    const store = tap ? tapped(opened, tap) : opened;
    const defaults = { waitMs: 20_000, watchdogMs: 3_000, shutdownMs: 200 };
    const client = new LockRuntime({ ...defaults, ...options, store, namespace });
    this.clients.push(client);
    await client.start();
    return client;
  }

  /** Several clients, opened at once. */
  async clientsOf(count: number, options: ClientOptions = {}): Promise<LockRuntime[]> {
    return Promise.all(Array.from({ length: count }, () => this.client(options)));
  }

  async session(): Promise<BareSession> {
    const store = await this.open();
    const hints: Hint[] = [];
    const onHint = (hint: Hint): void => void hints.push(hint);
    const session = await store.connect({ clock: systemClock, watchdogMs: 3_000, onHint });
    this.sessions.push(session);
    return bareSession(session, { hints, store });
  }

  /** A key that nobody else uses, as callers write it. */
  key(label = 'key'): string {
    const key = `${label}-${randomId()}`;
    this.keys.add(`${NAMESPACE}:${key}`);
    return key;
  }

  /** A key that nobody else uses, as sessions are given it. */
  storeKey(label = 'key'): string {
    return `${NAMESPACE}:${this.key(label)}`;
  }

  /** Waits until so many stand in the line of the key; where there is no line to look at, a moment. */
  async untilWaiting(key: string, waiters: number): Promise<void> {
    const { session, store } = await this.looking();
    if (!store.capabilities.fairOrder) return lull(60);
    await eventually(`${waiters} wait for ${key}`, async () => {
      return (await session.inspect(`${NAMESPACE}:${key}`)).waiters >= waiters;
    });
  }

  /**
   * What the rest of a long lease exceeds. Where a session keeps what it holds, a rest tells how long that surely lives,
   * which is less than the lease, and moves by itself: of such a lease it is only seen that it does not end.
   */
  async restOf(leaseMs: number): Promise<number> {
    const { store } = await this.looking();
    return store.capabilities.keptBy === 'session' ? 0 : leaseMs;
  }

  async endClients(): Promise<void> {
    await Promise.all(this.clients.splice(0).map((client) => client.shutdown()));
  }

  /** No key of this case is held or waited for any more. */
  async assertNothingLeft(): Promise<void> {
    const { session } = await this.looking();
    for (const key of this.keys) {
      await eventually(`${key} is left without holders and waiters`, async () => {
        const { holders, waiters } = await session.inspect(key);
        return holders.length === 0 && waiters === 0;
      });
    }
  }

  async close(): Promise<void> {
    await this.endClients();
    await Promise.all(this.sessions.splice(0).map((session) => session.close()));
    await Promise.all(this.stores.splice(0).map((store) => this.context.close(store)));
  }

  private async looking(): Promise<{ session: StoreSession; store: LockStore }> {
    this.inspector ??= await this.session();
    const [store] = this.stores;
    assert(store);
    return { session: this.inspector, store };
  }

  private async open(): Promise<LockStore> {
    const store = await this.context.open();
    this.stores.push(store);
    return store;
  }
}

function bareSession(session: StoreSession, more: { hints: Hint[]; store: LockStore }): BareSession {
  return {
    ...more,
    acquire: (request) => session.acquire(request),
    renew: (leases) => session.renew(leases),
    release: (request) => session.release(request),
    inspect: (key) => session.inspect(key),
    forceRelease: (key) => session.forceRelease(key),
    ...(session.list && { list: (request) => session.list!(request) }),
    close: () => session.close(),
  };
}
