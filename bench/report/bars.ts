import type { Result, Row } from './result.js';

/** What is asked of ours, and whether this run showed it. */
export interface Verdict {
  readonly workload: string;
  readonly what: string;
  /** As `≤ 1.2`. */
  readonly bar: string;
  /** NaN where this run did not measure it. */
  readonly value: number;
  readonly isMet: boolean;
}

interface Bar {
  readonly workload: string;
  readonly what: string;
  readonly atMost?: number;
  readonly atLeast?: number;
  value(rows: Rows): number;
}

/** The rows of one workload. */
class Rows {
  constructor(private readonly rows: readonly Row[]) {}

  /** NaN where it is not there. */
  of(library: string, column: string): number {
    const row = this.rows.find((one) => one.library === library);
    return row?.figures[column] ?? NaN;
  }

  peers(accept: (row: Row) => boolean = () => true): Peers {
    return new Peers(this.rows.filter((row) => row.role === 'peer' && accept(row)));
  }

  ours(column: string): number[] {
    return this.rows.filter(({ role }) => role === 'ours').map(({ figures }) => figures[column] ?? NaN);
  }
}

class Peers {
  constructor(private readonly rows: readonly Row[]) {}

  greatest(column: string): number {
    const values = this.values(column);
    return values.length === 0 ? NaN : Math.max(...values);
  }

  least(column: string): number {
    const values = this.values(column);
    return values.length === 0 ? NaN : Math.min(...values);
  }

  private values(column: string): number[] {
    return this.rows.map(({ figures }) => figures[column] ?? NaN).filter((value) => Number.isFinite(value));
  }
}

/** Whose waits all came to the lock. */
const neverFailed = ({ figures }: Row): boolean => (figures['failures'] ?? 0) === 0;
/** So many real hand-offs make a quantile. */
const HAND_OFFS = 200;
const handedOff = ({ figures }: Row): boolean => (figures['handOffs'] ?? 0) >= HAND_OFFS;

const pairRatio = (library: string, atMost: number): Bar => ({
  workload: 'a',
  what: `${library}: p50 ÷ yardstick`,
  atMost,
  value: (rows) => rows.of(library, 'ratio'),
});

const noOverlaps = (workload: string): Bar => ({
  workload,
  what: 'overlaps, of all our forms together',
  atMost: 0,
  value: (rows) => rows.ours('overlaps').reduce((total, one) => total + one, 0),
});

const figure = (workload: string, library: string, column: string) => ({
  workload,
  value: (rows: Rows) => rows.of(library, column),
});

/** What ours is measured by. Ratios of one run, so that the machine matters as little as it can. */
const BARS: readonly Bar[] = [
  pairRatio('ours', 1.2),
  pairRatio('ours, PostgreSQL', 1.25),
  pairRatio('ours, MariaDB', 1.25),
  pairRatio('ours, ZooKeeper', 1.3),
  {
    workload: 'a',
    what: 'ours, ZooKeeper: p50 ÷ Curator',
    atMost: 0.8,
    value: (rows) => rows.of('ours, ZooKeeper', 'p50') / rows.of('Apache Curator (Java)', 'p50'),
  },
  { what: 'pairs/s ÷ yardstick', atLeast: 0.9, ...figure('b', 'ours', 'ratio') },
  {
    workload: 'b',
    what: 'pairs/s ÷ redlock',
    atLeast: 1.2,
    value: (rows) => rows.of('ours', 'ratio') / rows.of('redlock', 'ratio'),
  },
  {
    workload: 'c',
    what: 'hand-offs/s ÷ the best peer without failed waits',
    atLeast: 50,
    value: (rows) => rows.of('ours', 'perSecond') / rows.peers(neverFailed).greatest('perSecond'),
  },
  {
    workload: 'c',
    what: 'hand-offs/s ÷ async-mutex',
    atLeast: 0.25,
    value: (rows) => rows.of('ours', 'perSecond') / rows.of('async-mutex', 'perSecond'),
  },
  { what: "Jain's index", atLeast: 0.99, ...figure('c', 'ours', 'jain') },
  noOverlaps('c'),
  {
    workload: 'd',
    what: 'hand-offs/s ÷ the best peer without failed waits',
    atLeast: 3,
    value: (rows) => rows.of('ours', 'perSecond') / rows.peers(neverFailed).greatest('perSecond'),
  },
  { what: "Jain's index", atLeast: 0.95, ...figure('d', 'ours', 'jain') },
  { what: 'starved waiters', atMost: 0, ...figure('d', 'ours', 'starved') },
  { what: 'commands sent for a hand-off', atMost: 3, ...figure('d', 'ours', 'commands') },
  {
    workload: 'd',
    what: 'fair: hand-offs/s ÷ the best peer, failed waits or not',
    atLeast: 1,
    value: (rows) => rows.of('ours, fair', 'perSecond') / rows.peers().greatest('perSecond'),
  },
  { what: "fair: Jain's index", atLeast: 0.99, ...figure('d', 'ours, fair', 'jain') },
  noOverlaps('d'),
  { what: 'other process: p50 ÷ PING', atMost: 2.7, ...figure('e', 'ours', 'ratio') },
  {
    workload: 'e',
    what: `other process: p50 ÷ the best peer with ${HAND_OFFS} hand-offs`,
    atMost: 1,
    value: (rows) => rows.of('ours', 'other') / rows.peers(handedOff).least('other'),
  },
  {
    workload: 'e',
    what: 'other process: p99/p50 ÷ that of PING',
    atMost: 1.5,
    value: (rows) =>
      rows.of('ours', 'otherP99') /
      rows.of('ours', 'other') /
      (rows.of('ours', 'pingP99') / rows.of('ours', 'ping')),
  },
  {
    workload: 'e',
    what: 'same process: p50 ÷ the best peer',
    atMost: 0.2,
    value: (rows) => rows.of('ours', 'same') / rows.peers().least('same'),
  },
  {
    what: 'PostgreSQL, other process: p50 ÷ (UPDATE + NOTIFY, then UPDATE)',
    atMost: 2,
    ...figure('e', 'ours, PostgreSQL', 'ratio'),
  },
  {
    workload: 'e',
    // 5 ms, then 10, then 20: where the poll stands when a hold of 20 ms ends.
    what: 'MariaDB, other process: p50 less two bare pairs, in ms (its poll interval then)',
    atMost: 20,
    value: (rows) => rows.of('ours, MariaDB', 'other') - 2 * rows.of('ours, MariaDB', 'ping'),
  },
  {
    workload: 'e',
    what: 'ZooKeeper, other process: p50 ÷ Curator',
    atMost: 1,
    value: (rows) => rows.of('ours, ZooKeeper', 'other') / rows.of('Apache Curator (Java)', 'other'),
  },
  noOverlaps('e'),
  { what: 'hand-off with 1,000 clients waiting ÷ with 10', atMost: 1.3, ...figure('f', 'ours', 'line') },
  { what: 'hand-off with 1,000 local waiters ÷ with 10', atMost: 1.3, ...figure('f', 'ours', 'local') },
  { what: 'renewing 10,000 locks: % of a core', atMost: 2, ...figure('f', 'ours', 'renewing') },
  { what: 'heap grown by 100,000 keys, KiB', atMost: 1_024, ...figure('f', 'ours', 'heap') },
  { what: 'keys left of 100,000', atMost: 0, ...figure('f', 'ours', 'keys') },
  noOverlaps('f'),
  { what: 'decorated ÷ withLock by hand', atMost: 1.3, ...figure('g', 'ours, memory', 'overByHand') },
  { what: 'withLock ÷ async-mutex', atMost: 10, ...figure('g', 'ours, memory', 'overMutex') },
  noOverlaps('quorum'),
];

/** Those that this run can tell of. */
export function verdicts({ tables }: Pick<Result, 'tables'>): Verdict[] {
  return BARS.flatMap((bar) => {
    const table = tables.find(({ workload }) => workload === bar.workload);
    const value = table ? bar.value(new Rows(table.rows)) : NaN;
    return Number.isNaN(value) ? [] : [verdictOf(bar, value)];
  });
}

function verdictOf({ workload, what, atMost, atLeast }: Bar, value: number): Verdict {
  const bar = atMost === undefined ? `≥ ${atLeast}` : `≤ ${atMost}`;
  const isMet = value <= (atMost ?? Infinity) && value >= (atLeast ?? -Infinity);
  return { workload, what, bar, value, isMet };
}
