import { LockConfigError } from '../errors.js';
import { SHORTEST_LEASE_MS } from '../core/lock-options.js';
import { namespacePrefix } from '../line/lock-keys.js';
import type { LockStore } from '../line/store.js';
import { memoryStore } from '../stores/memory/index.js';
import type { Clock } from '../util/clock.js';
import { durationMs } from '../util/duration.js';
import type { DistributedLockModuleAsyncOptions, DistributedLockModuleOptions } from './module-options.js';
import { checkNames, wrongOption } from './option-names.js';

/** The module's options, checked and counted out. */
export interface ModuleSettings {
  readonly store: LockStore;
  readonly stores: Readonly<Record<string, LockStore>>;
  readonly namespace: string;
  readonly waitMs: number;
  readonly watchdogMs: number;
  readonly shutdownMs: number;
  readonly hasExceptionFilter: boolean;
  /** Undefined for the process's own. */
  readonly clock?: Clock;
  /** True where nobody chose a store: worth a warning. */
  readonly isStoreByDefault: boolean;
}

const WHERE = 'DistributedLockModule';
const OPTIONS: readonly (keyof DistributedLockModuleOptions)[] = [
  'store',
  'stores',
  'namespace',
  'waitTime',
  'watchdogTimeout',
  'shutdownTimeout',
  'exceptionFilter',
  'clock',
];

/** @throws LockConfigError naming option, value and bound */
export function readSettings(options: DistributedLockModuleOptions): ModuleSettings {
  refuseLateExtras(options);
  checkNames(WHERE, options, OPTIONS);
  const { namespace = 'lock', waitTime = '5s', watchdogTimeout = '10s', shutdownTimeout = '5s' } = options;
  namespacePrefix(namespace);
  return {
    ...readStores(options),
    namespace,
    waitMs: durationMs('waitTime', waitTime),
    watchdogMs: durationMs('watchdogTimeout', watchdogTimeout, { minMs: SHORTEST_LEASE_MS }),
    shutdownMs: durationMs('shutdownTimeout', shutdownTimeout),
    hasExceptionFilter: readFlag('exceptionFilter', options.exceptionFilter),
    ...readClock(options.clock),
  };
}

const FACTORIES = ['useFactory', 'useClass', 'useExisting'] as const;

/** @throws LockConfigError where not exactly one factory is given */
export function checkAsyncOptions(options: DistributedLockModuleAsyncOptions): void {
  checkNames(`${WHERE}.forRootAsync`, options, [
    ...FACTORIES,
    'inject',
    'imports',
    'isGlobal',
    'provideInjectionTokensFrom',
  ]);
  readFlag('isGlobal', options.isGlobal);
  const given = FACTORIES.filter((name) => options[name] !== undefined);
  if (given.length === 1) return;
  const found = given.length === 0 ? 'none of them' : given.join(' and ');
  throw new LockConfigError(
    `${WHERE}.forRootAsync: ${found} is given; give one of ${FACTORIES.join(', ')}.`,
    { option: given[1] ?? 'useFactory' },
  );
}

export function readFlag(option: string, value: unknown): boolean {
  if (value !== undefined && typeof value !== 'boolean')
    throw wrongOption('', option, { value, bound: 'true or false' });
  return value ?? true;
}

function readClock(clock: Clock | undefined): Pick<ModuleSettings, 'clock'> {
  if (clock === undefined) return {};
  const { nowMs, setTimer } = (clock ?? {}) as Partial<Clock>;
  if (typeof nowMs === 'function' && typeof setTimer === 'function') return { clock };
  throw wrongOption('', 'clock', { value: clock, bound: 'a Clock, as manualClock() makes one' });
}

// Which modules see the service is settled before a factory runs.
function refuseLateExtras(options: DistributedLockModuleOptions): void {
  if (typeof options !== 'object' || options === null || !('isGlobal' in options)) return;
  throw new LockConfigError(
    `${WHERE}: "isGlobal" was returned by the factory, which is too late; give it beside the factory: forRootAsync({ isGlobal, useFactory }).`,
    { option: 'isGlobal' },
  );
}

function readStores(
  options: DistributedLockModuleOptions,
): Pick<ModuleSettings, 'store' | 'stores' | 'isStoreByDefault'> {
  const { store, stores = {} } = options;
  if (typeof stores !== 'object' || stores === null || Array.isArray(stores)) {
    throw wrongOption('', 'stores', { value: stores, bound: 'an object of stores by name' });
  }
  for (const [name, each] of Object.entries(stores)) checkStore(`stores.${name}`, each);
  if (store === undefined) return { store: defaultStore(), stores, isStoreByDefault: true };
  checkStore('store', store);
  return { store, stores, isStoreByDefault: false };
}

function defaultStore(): LockStore {
  if (process.env['NODE_ENV'] !== 'production') return memoryStore();
  throw new LockConfigError(
    `${WHERE}: Option "store" is not given, and with NODE_ENV=production there is no default: locks in memory are not shared between processes. Give a store, or write memoryStore() if one process is all there is.`,
    { option: 'store' },
  );
}

function checkStore(option: string, value: unknown): void {
  const { name, capabilities, connect, then } = (value ?? {}) as Record<string, unknown>;
  const isNamed = typeof name === 'string' && typeof connect === 'function';
  if (isNamed && typeof capabilities === 'object' && capabilities !== null) return;
  const hint =
    typeof then === 'function' ? ': await the promise in forRootAsync' : ', as redisStore() makes one';
  throw wrongOption('', option, { value, bound: `a LockStore${hint}` });
}
