import { LockRuntime, type LockRuntimeConfig } from '../../../lib/core/lock-runtime.js';
import { StoreClient, type StoreClientOptions } from '../../../lib/core/store-client.js';
import { WaitBudget } from '../../../lib/core/wait-budget.js';
import type { Ask } from '../../../lib/core/wait-loop.js';
import { MODE_CAPACITY } from '../../../lib/line/store.js';
import { type ManualClock, manualClock } from '../../../lib/testing/manual-clock.js';
import { ScriptedStore } from './scripted-store.js';

export interface World {
  readonly clock: ManualClock;
  readonly store: ScriptedStore;
}

/** A store and the clock that both it and its clients live by. */
export function world(): World {
  const clock = manualClock();
  return { clock, store: new ScriptedStore(clock) };
}

export interface RuntimeWorld extends World {
  readonly runtime: LockRuntime;
  readonly notices: string[];
}

/** A runtime with the defaults of the module, over a scripted store. */
export function runtimeWorld(config: Partial<LockRuntimeConfig> = {}, over: World = world()): RuntimeWorld {
  const notices: string[] = [];
  const runtime = new LockRuntime({
    store: over.store,
    namespace: 'test',
    waitMs: 5_000,
    watchdogMs: 10_000,
    shutdownMs: 5_000,
    clock: over.clock,
    random: () => 0.5,
    onNotice: (level, text) => notices.push(`${level}: ${text}`),
    ...config,
  });
  return { ...over, runtime, notices };
}

export interface ClientWorld extends World {
  readonly client: StoreClient;
}

/** One client of a scripted store. */
export function clientWorld(options: Partial<StoreClientOptions> = {}, over: World = world()): ClientWorld {
  const defaults = { prefix: 'test:', clock: over.clock, random: () => 0.5, watchdogMs: 10_000 };
  return { ...over, client: new StoreClient(over.store, { ...defaults, ...options }) };
}

/** A plain request for one key, as the wait loop is asked. */
export function ask(changes: Partial<Ask> = {}): Ask {
  return {
    keys: ['test:a'],
    capacity: MODE_CAPACITY,
    weight: MODE_CAPACITY,
    leaseMs: 10_000,
    renewMs: 10_000,
    isRenewed: true,
    takesPlace: true,
    ...changes,
  };
}

export function budgetOf({ clock }: World, waitMs: number, signal?: AbortSignal): WaitBudget {
  return new WaitBudget({ clock, waitMs, signal });
}

/** Somebody in another process: takes the key for itself, straight at the server. */
export function stranger(
  { store }: World,
  key: string = 'test:a',
): { hold(leaseMs?: number): void; release(): void; isHolding(): boolean } {
  const owner = 'stranger'.padEnd(32, '0');
  const request = { keys: [key], owner, capacity: MODE_CAPACITY, weight: MODE_CAPACITY, takesPlace: true };
  return {
    hold: (leaseMs = 3_600_000) => void store.space.acquire({ ...request, leaseMs }, 'elsewhere'),
    release: () => store.space.release({ keys: [key], owner, refuses: false, keepMs: 0 }),
    isHolding: () => store.space.inspect(key).holders.some((holder) => holder.owner === owner),
  };
}

/** The owners that hold a key at the server, in the order of their tokens. */
export function holdersOf({ store }: World, key: string = 'test:a'): string[] {
  return [...store.space.inspect(key).holders].sort((a, b) => a.token - b.token).map(({ owner }) => owner);
}
