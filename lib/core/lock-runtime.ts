import { LockStoreError, LockTimeoutError } from '../errors.js';
import { MODE_CAPACITY, type StoreSession } from '../line/store.js';
import { Admission, type AdmissionConfig, type EnterOptions } from './admission.js';
import type { LockHandle } from './lock-handle.js';
import { lockKeys } from './lock-keys.js';
import type { LockOptions } from './lock-options.js';
import { contextScopes, Scope } from './lock-scope.js';
import { LockService, type LockState } from './lock.service.js';
import { frames, type LockScope } from './re-entry.js';
import { ATTEMPT_MS, type StoreClient } from './store-client.js';
import { askStore } from './store-question.js';

export type { EnterOptions } from './admission.js';

export type LockRuntimeConfig = AdmissionConfig;

/** Whether a store answered. */
export interface StoreProbe {
  /** As requests name it; undefined for the module's `store`. */
  readonly name: string | undefined;
  /** What the store says that it is: `'redis'`. */
  readonly kind: string;
  /** Why it did not answer; undefined where it did. */
  readonly error?: unknown;
}

/**
 * The lock service of one application.
 *
 *   open ──drain()──► draining          no new requests, waiters are told, holders finish
 *   draining ──shutdown()──► closed     those that have not are told, everything held is released
 */
export class LockRuntime extends LockService {
  private readonly admission: Admission;

  constructor(private readonly config: LockRuntimeConfig) {
    super();
    this.admission = new Admission(config);
  }

  withLock<T>(
    key: string | readonly string[],
    ...rest:
      | [work: (lock: LockHandle) => T | Promise<T>]
      | [options: LockOptions, work: (lock: LockHandle) => T | Promise<T>]
  ): Promise<T> {
    return rest.length === 1 ? this.workIn(key, {}, rest[0]) : this.workIn(key, rest[0], rest[1]);
  }

  acquire(key: string | readonly string[], options: LockOptions = {}): Promise<LockHandle> {
    return this.admission.take(key, options);
  }

  async tryAcquire(key: string | readonly string[], options: LockOptions = {}): Promise<LockHandle | null> {
    try {
      return await this.admission.take(key, { ...options, waitTime: options.waitTime ?? 0 });
    } catch (error) {
      if (error instanceof LockTimeoutError) return null;
      throw error;
    }
  }

  current(key?: string): LockHandle | undefined {
    const clients = this.admission.clients();
    for (const scope of contextScopes()) {
      // The context may also carry the hold of another application in this process.
      if (!scope.handle.isOpen || !clients.includes(scope.handle.client)) continue;
      if (key === undefined || scope.handle.keys.includes(key)) return scope.handle;
    }
    return undefined;
  }

  async inspect(key: string, options: { store?: string } = {}): Promise<LockState> {
    const client = this.admission.clientOf(options.store);
    const [name] = lockKeys(key);
    const view = await ask(client, 'inspect', (session) => session.inspect(client.storeKey(name!)));
    const isMode = view.capacity === MODE_CAPACITY;
    const holders = view.holders.map(({ owner, token, weight, restMs }) => ({
      owner,
      fencingToken: token,
      mode: weight >= view.capacity ? ('exclusive' as const) : ('shared' as const),
      weight: isMode ? 1 : weight,
      remainingMs: restMs,
    }));
    return {
      key: name!,
      holders,
      waiters: view.waiters + this.admission.unseenWaiters(name!, options.store),
    };
  }

  async forceRelease(key: string, options: { store?: string } = {}): Promise<boolean> {
    const client = this.admission.clientOf(options.store);
    const [name] = lockKeys(key);
    return ask(client, 'forceRelease', (session) => session.forceRelease(client.storeKey(name!)));
  }

  /**
   * Acquires and opens a scope, inside of which the same keys are granted at once; what `withLock` and decorated methods
   * are made of.
   * @throws as {@link LockService.acquire}
   */
  async enter(keys: string | readonly string[], options: EnterOptions = {}): Promise<LockScope> {
    return new Scope(await this.admission.take(keys, options), frames.getStore()?.scope);
  }

  /** Checks what a request with these options would be refused for. @throws LockConfigError, LockUnsupportedError */
  checkOptions(options: LockOptions): void {
    this.admission.plan(options);
  }

  /**
   * Connects every store. One that cannot be reached now is a notice: requests try again.
   * @throws LockConfigError, LockUnsupportedError where a store will never serve
   */
  async start(): Promise<void> {
    await Promise.all(
      this.admission.clients().map(async (client) => {
        try {
          await ask(client, 'connect', () => Promise.resolve());
        } catch (error) {
          if (!(error instanceof LockStoreError)) throw error;
          client.health.fail(error);
        }
      }),
    );
  }

  /** Asks one store, or all of them, for nothing but an answer. @throws LockConfigError for a store that is not there */
  probe({ store, withinMs }: { store?: string | undefined; withinMs: number }): Promise<StoreProbe[]> {
    const names = store === undefined ? this.admission.storeNames() : [store];
    const asked = names.map((name) => ({ name, client: this.admission.clientOf(name) }));
    return Promise.all(
      asked.map(async ({ name, client }) => {
        const seen = { name, kind: client.store.name };
        const answer = client.probe(withinMs);
        return answer.then(
          () => seen,
          (error: unknown) => ({ ...seen, error }),
        );
      }),
    );
  }

  /** No new requests; who waits is told; holders have `shutdownMs` from now. */
  drain(): void {
    void this.admission.drain();
  }

  /** Waits for holders until their time is spent, releases what is still held, closes the sessions. */
  async shutdown(): Promise<void> {
    await this.admission.drain();
    await Promise.all(this.admission.clients().map((client) => client.close()));
  }

  private async workIn<T>(
    key: string | readonly string[],
    options: LockOptions,
    work: (lock: LockHandle) => T | Promise<T>,
  ): Promise<T> {
    const scope = new Scope(await this.admission.take(key, options), frames.getStore()?.scope);
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
}

async function ask<T>(
  client: StoreClient,
  operation: string,
  verb: (session: StoreSession) => Promise<T>,
): Promise<T> {
  try {
    return await askStore(client, { operation, withinMs: ATTEMPT_MS, verb });
  } catch (error) {
    client.suspect(error);
    throw error;
  }
}
