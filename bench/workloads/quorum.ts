import type { Crew } from '../contestant/crew.js';
import { quantile } from '../measure/statistics.js';
import { pooled } from '../measure/summary.js';
import { contend } from './contend.js';
import { contest } from './contest.js';
import { type PairTimes, pairs } from './pairs.js';
import type { Figures, Pace, Workload } from './workload.js';

const CONTENDERS = 8;

async function turn(crew: Crew, { turnMs, waitMs }: Pace): Promise<Figures> {
  const times = await crew.processes[0]!.play<PairTimes>('pairs', {
    key: `${crew.key}:pair`,
    forMs: turnMs / 2,
  });
  const result = await contest(crew, { waiters: 1, holdMs: 0, forMs: turnMs, waitMs });
  return {
    own: quantile(times.own, 0.5) * 1_000,
    ownP99: quantile(times.own, 0.99) * 1_000,
    floor: quantile(times.floor, 0.5) * 1_000,
    ratio: quantile(times.own, 0.5) / quantile(times.floor, 0.5),
    latencies: [...result.story.latencies],
    perSecond: result.handOffsPerSecond,
    jain: result.story.jain,
    starved: result.story.starved,
    failures: result.failures,
    overlaps: result.overlaps,
    commands: result.perHandOff('sent'),
  };
}

export const quorum: Workload = {
  name: 'quorum',
  title: `Three servers, a majority of them: an uncontended pair, and ${CONTENDERS} processes on one key`,
  grounds: ['redis-quorum'],
  processes: CONTENDERS,
  rounds: 3,
  turnMs: 2_000,
  columns: [
    { name: 'own', title: 'pair p50 µs', digits: 0 },
    { name: 'ownP99', title: 'p99 µs', digits: 0 },
    { name: 'floor', title: 'yardstick p50 µs', digits: 0 },
    { name: 'ratio', title: 'p50 ÷ yardstick', digits: 2 },
    { name: 'perSecond', title: 'hand-offs/s', digits: 0 },
    { name: 'handOff', title: 'hand-off p50 ms', digits: 3, over: pooled('latencies', 0.5) },
    { name: 'handOffP99', title: 'p99 ms', digits: 3, over: pooled('latencies', 0.99) },
    { name: 'jain', title: "Jain's index", digits: 3 },
    { name: 'starved', title: 'starved', digits: 0, over: 'max' },
    { name: 'failures', title: 'failed waits', digits: 0, over: 'sum' },
    { name: 'overlaps', title: 'overlaps', digits: 0, over: 'sum' },
    { name: 'commands', title: 'commands sent each', digits: 1 },
  ],
  parts: { pairs, contend },
  turn,
};
