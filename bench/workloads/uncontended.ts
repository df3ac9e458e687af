import type { Crew } from '../contestant/crew.js';
import { quantile } from '../measure/statistics.js';
import { type PairTimes, pairs, some } from './pairs.js';
import type { Figures, Pace, Workload } from './workload.js';

const COUNTED = 200;

const play = (crew: Crew): Promise<void> =>
  crew.processes[0]!.play('some', { key: crew.key, times: COUNTED });

/** Per pair; NaN where the servers do not tell. */
const each = (total = NaN): number => total / COUNTED;

async function turn(crew: Crew, { turnMs }: Pace): Promise<Figures> {
  const { own, floor } = await crew.processes[0]!.play<PairTimes>('pairs', { key: crew.key, forMs: turnMs });
  const work = await crew.count(() => play(crew));
  const p50 = quantile(own, 0.5);
  return {
    p50: p50 * 1_000,
    p99: quantile(own, 0.99) * 1_000,
    yardstick: quantile(floor, 0.5) * 1_000,
    yardstickP99: quantile(floor, 0.99) * 1_000,
    ratio: p50 / quantile(floor, 0.5),
    commands: each(work?.sent),
    inner: each(work?.inner),
    bytes: each(work?.bytesIn) + each(work?.bytesOut),
  };
}

export const uncontended: Workload = {
  name: 'a',
  title: 'Uncontended pair: take a free lock, give it back',
  grounds: ['redis', 'postgres', 'mysql', 'zookeeper'],
  processes: 1,
  columns: [
    { name: 'ratio', title: 'p50 ÷ yardstick', digits: 2 },
    { name: 'p50', title: 'p50 µs', digits: 0 },
    { name: 'p99', title: 'p99 µs', digits: 0 },
    { name: 'yardstick', title: 'yardstick p50 µs', digits: 0 },
    { name: 'yardstickP99', title: 'p99 µs', digits: 0 },
    { name: 'commands', title: 'commands sent', digits: 1 },
    { name: 'inner', title: 'inside scripts', digits: 1 },
    { name: 'bytes', title: 'bytes', digits: 0 },
  ],
  parts: { pairs, some },
  turn,
  rehearse: play,
};
