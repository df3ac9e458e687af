import type { Crew } from '../contestant/crew.js';
import { quantile } from '../measure/statistics.js';
import { contend } from './contend.js';
import { contest } from './contest.js';
import type { Column, Figures, Pace, Workload } from './workload.js';

/** In the watched part of a turn each keeps the lock for a moment, in which nobody else may have it. */
const WATCHED_HOLD_MS = 1;
/** Of the watched part, once. */
const WATCHED_MS = 300;

const columns: readonly Column[] = [
  { name: 'perSecond', title: 'hand-offs/s', digits: 0 },
  { name: 'jain', title: "Jain's index", digits: 3 },
  { name: 'starved', title: 'starved', digits: 0, over: 'max' },
  { name: 'failures', title: 'failed waits', digits: 0, over: 'sum' },
  { name: 'overlaps', title: 'overlaps', digits: 0, over: 'sum' },
  { name: 'p50', title: 'hand-off p50 ms', digits: 3 },
  { name: 'p99', title: 'p99 ms', digits: 3 },
  { name: 'commands', title: 'commands sent each', digits: 2 },
  { name: 'inner', title: 'inside scripts', digits: 2 },
  { name: 'bytes', title: 'bytes each', digits: 0 },
];

/** A workload in which so many waiters in each of so many processes want one key. */
function hotKey(
  about: Pick<Workload, 'name' | 'title' | 'grounds' | 'processes' | 'takes'>,
  waiters: number,
): Workload {
  const turn = async (crew: Crew, { turnMs, waitMs, round, isQuick }: Pace): Promise<Figures> => {
    const watch = () => contest(crew, { waiters, holdMs: WATCHED_HOLD_MS, forMs: WATCHED_MS, waitMs });
    const free = isQuick ? await watch() : await contest(crew, { waiters, holdMs: 0, forMs: turnMs, waitMs });
    const watched = round === 0 && !isQuick ? await watch() : { failures: 0, overlaps: 0 };
    return {
      perSecond: free.handOffsPerSecond,
      jain: free.story.jain,
      starved: free.story.starved,
      failures: free.failures + watched.failures,
      overlaps: free.overlaps + watched.overlaps,
      p50: quantile(free.story.latencies, 0.5),
      p99: quantile(free.story.latencies, 0.99),
      commands: free.perHandOff('sent'),
      inner: free.perHandOff('inner'),
      bytes: free.perHandOff('bytesIn') + free.perHandOff('bytesOut'),
    };
  };
  return { ...about, columns, parts: { contend }, turn, rounds: 3, turnMs: 2_000 };
}

const contends = ({ name }: { name: string }): boolean => !['by hand', 'ours, withLock'].includes(name);

export const oneProcess = hotKey(
  {
    name: 'c',
    title: '64 waiters in one process on one key, nothing to do with it',
    grounds: ['redis', 'memory'],
    takes: contends,
    processes: 1,
  },
  64,
);

export const fourProcesses = hotKey(
  {
    name: 'd',
    title: '4 processes × 8 waiters on one key, nothing to do with it',
    grounds: ['redis'],
    takes: contends,
    processes: 4,
  },
  8,
);
