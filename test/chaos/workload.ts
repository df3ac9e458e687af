import type { LockOptions } from '../../lib/core/lock-options.js';
import type { StoreCapabilities } from '../../lib/line/store.js';
import type { Seeded } from '../support/seeded.js';

/** What one task of a process asks for again and again. */
export interface TaskPlan {
  readonly key: string;
  readonly kind: 'mutex' | 'long' | 'fair' | 'lease' | 'shared' | 'permits';
}

/** One request, and what it does with the lock. */
export interface Visit {
  readonly capacity: number;
  readonly weight: number;
  readonly options: LockOptions;
  readonly waits: boolean;
  readonly abortMs: number | undefined;
  readonly thinkMs: number;
  readonly holdMs: number;
  /** Alone, so that it may write to the resource. */
  readonly isAlone: boolean;
}

const BIG = 1_000;
const PERMITS = 3;
/** Longer than anything that page 1 lets somebody wait for. */
const PATIENCE_MS = 20_000;

/**
 * The tasks of a process, by its slot: keys that all processes share and keys of two neighbours, of each kind that the
 * store can do.
 */
export function tasksOf(slot: number, slots: number, can: StoreCapabilities): TaskPlan[] {
  const pair = (one: number): string => `pair-${one % slots}`;
  const tasks: TaskPlan[] = [
    { key: 'hot', kind: 'mutex' },
    { key: 'hot', kind: 'mutex' },
    { key: pair(slot), kind: 'mutex' },
    { key: pair(slot + 1), kind: 'mutex' },
    { key: `long-${slot % 2}`, kind: 'long' },
    { key: 'fair', kind: 'fair' },
    { key: 'lease', kind: 'lease' },
    { key: 'rw', kind: 'shared' },
    { key: 'permits', kind: 'permits' },
  ];
  const served = tasks.filter(
    ({ kind }) =>
      (kind !== 'fair' || can.fairOrder) &&
      (kind !== 'lease' || can.leases) &&
      (kind !== 'shared' || can.shared) &&
      (kind !== 'permits' || can.permits),
  );
  // One process alone waits for itself.
  return slots === 1 ? [...served, ...served, ...served] : served;
}

/** The next request of such a task. */
export function visitOf({ kind }: TaskPlan, chance: Seeded, watchdogMs: number): Visit {
  const mutex = { capacity: 1, weight: 1, isAlone: true };
  const isReader = kind === 'shared' && chance.chance(0.7);
  const weight = chance.int(1, PERMITS);
  const leaseTime = chance.int(150, 2_000);
  const shapes: Record<TaskPlan['kind'], Omit<Visit, keyof Patience> & { options: LockOptions }> = {
    mutex: { ...mutex, options: {} },
    long: { ...mutex, options: {} },
    fair: { ...mutex, options: { fair: true } },
    lease: { ...mutex, options: { leaseTime } },
    shared: isReader
      ? { capacity: BIG, weight: 1, isAlone: false, options: { mode: 'shared' } }
      : { capacity: BIG, weight: BIG, isAlone: true, options: {} },
    permits: { capacity: PERMITS, weight, isAlone: false, options: { permits: PERMITS, weight } },
  };
  const patience = kind === 'long' ? longOf(chance, watchdogMs) : patienceOf(chance);
  const shape = shapes[kind];
  return { ...shape, ...patience, options: { ...shape.options, waitTime: patience.waitMs } };
}

/** So long that most are renewed, and that there is always somebody who is when something happens. */
function longOf(chance: Seeded, watchdogMs: number): Patience {
  const holdMs = chance.int(watchdogMs / 3, 3 * watchdogMs);
  return { ...patienceOf(chance), waitMs: PATIENCE_MS, waits: true, holdMs };
}

type Patience = Pick<Visit, 'waits' | 'abortMs' | 'thinkMs' | 'holdMs'> & { readonly waitMs: number };

function patienceOf(chance: Seeded): Patience {
  const waitMs = chance.chance(0.1) ? 0 : chance.chance(0.2) ? chance.int(50, 800) : PATIENCE_MS;
  return {
    waitMs,
    waits: waitMs > 0,
    abortMs: chance.chance(0.05) ? chance.int(0, 300) : undefined,
    thinkMs: chance.int(0, 100),
    // Some hold on while something happens to them.
    holdMs: chance.chance(0.04) ? chance.int(300, 2_500) : chance.int(0, 25),
  };
}
