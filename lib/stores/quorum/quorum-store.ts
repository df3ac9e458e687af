import { LockConfigError, LockUnsupportedError } from '../../errors.js';
import type { LockStore, SessionContext, StoreCapabilities, StoreSession } from '../../line/store.js';
import { deferred } from '../../util/deferred.js';
import { type Duration, durationMs } from '../../util/duration.js';
import { type Random, systemRandom } from '../../util/random.js';
import { NodeTrust } from './node-trust.js';
import { Pauses } from './pauses.js';
import { type Missing, STORE_NAME } from './quorum-errors.js';
import { QuorumNode } from './quorum-node.js';
import { QuorumNodes } from './quorum-nodes.js';
import { QuorumSession } from './quorum-session.js';

/** How a quorum deals with its stores. */
export interface QuorumOptions {
  /**
   * How long a store that was away is not counted for new locks once it is back, since it may have come back without
   * those it granted. At least the longest lease in use. Default: the module's `watchdogTimeout`. `0` where no store
   * ever forgets. Less finds a majority sooner after an outage; too little lets two hold after a restart without data.
   */
  restartDelay?: Duration;
}

/** What a session is made of. */
interface QuorumSettings {
  readonly stores: readonly LockStore[];
  readonly trusts: readonly NodeTrust[];
  readonly restartDelayMs: number | undefined;
  readonly random: Random;
}

/** How long the last nodes are waited for once a majority is connected, in milliseconds. */
const GRACE_MS = 100;

/**
 * Locks on a majority of independent stores of any kind (Redlock): while more than half of them can be reached, locks
 * are granted. Three survive the loss of one, five that of two; an even number survives no more than the odd one below.
 *
 * @example quorumStore([redisStore({ url: a }), redisStore({ url: b }), redisStore({ url: c })])
 * @throws LockConfigError, LockUnsupportedError
 */
export function quorumStore(stores: readonly LockStore[], options: QuorumOptions = {}): LockStore {
  return quorumOf(stores, options, systemRandom);
}

/** The same, with a source of jitter that a test can repeat. */
export function quorumOf(stores: readonly LockStore[], options: QuorumOptions, random: Random): LockStore {
  checkStores(stores);
  checkNames(options);
  const { restartDelay } = options;
  const restartDelayMs = restartDelay === undefined ? undefined : durationMs('restartDelay', restartDelay);
  const settings = { stores: [...stores], trusts: stores.map(() => new NodeTrust()), restartDelayMs, random };
  return {
    name: STORE_NAME,
    get capabilities() {
      return capabilitiesOf(settings.stores);
    },
    connect: (context) => openQuorum(settings, context),
  };
}

/** A majority keeps a reader and a writer apart as it does two writers; it keeps neither a count nor an order. */
function capabilitiesOf(stores: readonly LockStore[]): StoreCapabilities {
  const all = (has: (capabilities: StoreCapabilities) => boolean): boolean =>
    stores.every(({ capabilities }) => has(capabilities));
  return {
    shared: all(({ shared }) => shared),
    permits: false,
    leases: all(({ leases }) => leases),
    fairOrder: false,
    wakeUp: all(({ wakeUp }) => wakeUp === 'message') ? 'message' : 'poll',
  };
}

function checkStores(stores: readonly LockStore[]): void {
  if (!Array.isArray(stores) || stores.length < 2) {
    const given = Array.isArray(stores) ? `has ${stores.length}` : 'is no list';
    throw wrong(
      'stores',
      `A quorum needs at least two stores, and three to survive the loss of one: "stores" ${given}.`,
    );
  }
  if (new Set(stores).size < stores.length) {
    throw wrong(
      'stores',
      'A store is named twice in "stores": it would have two votes. Make a store for each server.',
    );
  }
  const unfit = stores.find(({ raisesTokens }) => raisesTokens !== true);
  if (!unfit) return;
  const text = `The store "${unfit.name}" cannot be part of a quorum: it has no way to raise the token of a hold.`;
  throw new LockUnsupportedError(text, { store: STORE_NAME });
}

function checkNames(options: QuorumOptions): void {
  const stranger = Object.keys(options).find((name) => name !== 'restartDelay');
  if (stranger === undefined) return;
  throw wrong(stranger, `A quorum store has no option "${stranger}"; it has restartDelay.`);
}

function wrong(option: string, text: string): LockConfigError {
  return new LockConfigError(text, { option });
}

async function openQuorum(settings: QuorumSettings, context: SessionContext): Promise<StoreSession> {
  const { stores, trusts, random, restartDelayMs = context.watchdogMs } = settings;
  const { clock } = context;
  const pauses = new Pauses(clock);
  const all = stores.map(
    (store, index) =>
      new QuorumNode({ index, store, trust: trusts[index]!, context, restartDelayMs, pauses }),
  );
  const nodes = new QuorumNodes({ all, clock, random, pauses });
  const session = new QuorumSession(nodes);
  try {
    await connected(nodes);
  } catch (error) {
    await session.close();
    throw error;
  }
  return session;
}

/** Resolves when a majority is connected, and the others too or a moment later. */
async function connected(nodes: QuorumNodes): Promise<void> {
  const { all, majority, clock } = nodes;
  const enough = deferred<void>();
  const everybody = deferred<void>();
  const missing: Missing[] = [];
  let up = 0;
  const settle = (): void => {
    if (up >= majority) enough.resolve();
    if (missing.length > all.length - majority) enough.reject(nodes.outage('connect', undefined, missing));
    if (up + missing.length === all.length) everybody.resolve();
  };
  for (const node of all) {
    const { name, index } = node;
    node.open().then(
      () => (up++, settle()),
      (error: unknown) => {
        if (error instanceof LockConfigError || error instanceof LockUnsupportedError) enough.reject(error);
        missing.push({ name, index, error });
        settle();
      },
    );
  }
  await enough.promise;
  const timer = clock.setTimer(GRACE_MS, everybody.resolve);
  await everybody.promise;
  timer.clear();
}
