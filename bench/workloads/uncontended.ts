import type { Crew } from '../contestant/crew.js';
import type { Locker } from '../library.js';
import { quantile } from '../measure/statistics.js';
import type { Figures, Pace, Scene, Workload } from './workload.js';

const WAIT_MS = 10_000;
/** So many pairs of one, then of the other: both see the same weather. */
const IN_TURNS = 20;
const MAX_PAIRS = 200_000;

/** Takes a free lock and gives it back, one after the other. */
async function pairs(
  { locker, yardstick }: Scene,
  { key, forMs }: { key: string; forMs: number },
): Promise<{ own: Float64Array; yardstick: Float64Array }> {
  const own = new Float64Array(MAX_PAIRS);
  const floor = new Float64Array(MAX_PAIRS);
  const endMs = performance.now() + forMs;
  let count = 0;
  while (performance.now() < endMs && count + IN_TURNS <= MAX_PAIRS) {
    await timed(locker, key, { into: own, from: count });
    await timed(yardstick, `${key}:yardstick`, { into: floor, from: count });
    count += IN_TURNS;
  }
  return { own: own.slice(0, count), yardstick: floor.slice(0, count) };
}

async function timed(
  locker: Locker,
  key: string,
  { into, from }: { into: Float64Array; from: number },
): Promise<void> {
  for (let index = from; index < from + IN_TURNS; index++) {
    const began = performance.now();
    if (locker.pair) await locker.pair(key, WAIT_MS);
    else await (await locker.acquire(key, WAIT_MS))();
    into[index] = performance.now() - began;
  }
}

/** The commands of the library alone, without the yardstick's. */
async function some({ locker }: Scene, { key, times }: { key: string; times: number }): Promise<void> {
  for (let index = 0; index < times; index++) {
    if (locker.pair) await locker.pair(key, WAIT_MS);
    else await (await locker.acquire(key, WAIT_MS))();
  }
}

const COUNTED = 200;

const play = (crew: Crew): Promise<void> =>
  crew.processes[0]!.play('some', { key: crew.key, times: COUNTED });

/** Per pair; NaN where the servers do not tell. */
const each = (total = NaN): number => total / COUNTED;

async function turn(crew: Crew, pace: Pace): Promise<Figures> {
  const [process] = crew.processes;
  const times = await process!.play<{ own: Float64Array; yardstick: Float64Array }>('pairs', {
    key: crew.key,
    forMs: pace.turnMs,
  });
  const work = await crew.count(() => play(crew));
  const p50 = quantile(times.own, 0.5);
  return {
    p50: p50 * 1_000,
    p99: quantile(times.own, 0.99) * 1_000,
    yardstick: quantile(times.yardstick, 0.5) * 1_000,
    ratio: p50 / quantile(times.yardstick, 0.5),
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
    { name: 'commands', title: 'commands sent', digits: 1 },
    { name: 'inner', title: 'inside scripts', digits: 1 },
    { name: 'bytes', title: 'bytes', digits: 0 },
  ],
  parts: { pairs, some },
  turn,
  rehearse: play,
};
