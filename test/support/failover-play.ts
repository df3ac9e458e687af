import { LockRuntime } from '../../lib/core/lock-runtime.js';
import { redisStore, type RedisStoreOptions } from '../../lib/stores/redis/index.js';
import { deferred } from '../../lib/util/deferred.js';
import { Believers } from './believers.js';
import type { RedisServer } from './redis-server.js';
import { until } from './until.js';

export const WATCHDOG_MS = 6_000;
export const RENEWAL_PERIOD_MS = WATCHDOG_MS / 3;

/** What happens to a server. */
export type Change = (server: RedisServer) => Promise<unknown> | void;

/** A master with replicas that take its place, and keys that lie there. */
export interface Shard {
  readonly connection: RedisStoreOptions;
  readonly replicas: readonly RedisServer[];
  readonly master: RedisServer;
  /** Resolves when another has taken its place. */
  readonly replaced: () => Promise<unknown>;
  /** A key that nobody used, as clients write it; it lies on this master. */
  readonly newKey: () => string;
}

/** Where the first string of a client's key is. */
export const stateKeyOf = (key: string): string => `{fail:${key}}`;
const never = new Promise<never>(() => undefined);

/** Clients that wait for no replica, and clients that wait for all, while a master goes and another comes. */
export class FailoverPlay {
  readonly believers = new Believers();
  private readonly runtimes: LockRuntime[] = [];
  private readonly keys = new Map<'plain' | 'acknowledged', string[]>();

  constructor(private readonly shard: Shard) {}

  /** The keys of the load. */
  get usedKeys(): readonly string[] {
    return [...this.keys.values()].flat();
  }

  async client(kind: 'plain' | 'acknowledged'): Promise<LockRuntime> {
    const waitReplicas = kind === 'plain' ? 0 : this.shard.replicas.length;
    const store = redisStore({ ...this.shard.connection, waitReplicas });
    const settings = { namespace: 'fail', waitMs: 60_000, watchdogMs: WATCHDOG_MS, shutdownMs: 100 };
    const runtime = new LockRuntime({ store, ...settings });
    this.runtimes.push(runtime);
    await runtime.start();
    return runtime;
  }

  /** Two clients of each kind use two keys of their kind, each from several places at once. */
  async load(): Promise<void> {
    for (const kind of ['plain', 'acknowledged'] as const) {
      const keys = [this.shard.newKey(), this.shard.newKey()];
      this.keys.set(kind, keys);
      for (const name of ['a', 'b']) {
        const client = await this.client(kind);
        for (const key of [...keys, ...keys]) this.believers.churn({ client, name: `${name}, ${kind}`, key });
      }
    }
    await this.progress('plain');
    await this.progress('acknowledged');
  }

  /** Resolves when every key of the kind was granted again and again. */
  async progress(kind: 'plain' | 'acknowledged'): Promise<void> {
    await this.believers.granted(this.keys.get(kind)!, 20);
  }

  /**
   * Grants that no replica hears of before their master goes, as `lose` does it, and what comes of them. Resolves when
   * there is another master; `comeBack` then happens to the old one.
   */
  async lose(lose: Change): Promise<{ comeBack: (change: Change) => Promise<void>; unheard: string }> {
    const { believers, shard } = this;
    const { master, replicas } = shard;
    const [unheard, awaited] = [shard.newKey(), shard.newKey()];
    const clients = await Promise.all([
      this.client('plain'),
      this.client('acknowledged'),
      this.client('plain'),
      this.client('acknowledged'),
    ]);
    const [a, b, c, d] = clients;
    const { promise: restored, resolve: restore } = deferred<void>();
    for (const replica of replicas) replica.pause();
    // What lies in their sockets would be read when they go on.
    await master.admin.call('CLIENT', 'KILL', 'TYPE', 'replica');
    const told = believers.use({ client: a, name: 'first', key: unheard, work: () => never });
    const first = believers.use({ client: b, name: 'first', key: awaited, work: () => restored });
    const names = [unheard, awaited].map(stateKeyOf);
    await until('the master alone has both', async () => {
      const states = await Promise.all(names.map((name) => master.admin.get(name)));
      return states.every((state) => state !== null);
    });
    await lose(master);
    for (const replica of replicas) replica.resume();
    await shard.replaced();
    await believers.use({ client: c, name: 'second', key: unheard, work: () => told });
    const second = believers.use({ client: d, name: 'second', key: awaited, work: () => restored });
    const comeBack = async (change: Change): Promise<void> => {
      await change(master);
      await this.progress('acknowledged');
      restore();
      await Promise.all([first, second]);
    };
    return { comeBack, unheard };
  }

  async close(): Promise<void> {
    await Promise.all(this.runtimes.map((runtime) => runtime.shutdown()));
  }
}
