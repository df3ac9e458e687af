import type { Locker } from '../library.js';
import type { Scene } from './workload.js';

const WAIT_MS = 10_000;
/** So many pairs of one, then of the other: both see the same weather. */
const IN_TURNS = 20;
const MAX_PAIRS = 200_000;

/** Milliseconds of each pair. */
export interface PairTimes {
  readonly own: Float64Array;
  readonly floor: Float64Array;
}

/** Takes a free lock and gives it back, one pair after the other, the library and the yardstick in turns. */
export async function pairs(
  { locker, yardstick }: Scene,
  { key, forMs }: { key: string; forMs: number },
): Promise<PairTimes> {
  const own = new Float64Array(MAX_PAIRS);
  const floor = new Float64Array(MAX_PAIRS);
  const endMs = performance.now() + forMs;
  let count = 0;
  while (performance.now() < endMs && count + IN_TURNS <= MAX_PAIRS) {
    await timed(locker, key, { into: own, from: count });
    await timed(yardstick, `${key}:yardstick`, { into: floor, from: count });
    count += IN_TURNS;
  }
  return { own: own.slice(0, count), floor: floor.slice(0, count) };
}

async function timed(
  locker: Locker,
  key: string,
  { into, from }: { into: Float64Array; from: number },
): Promise<void> {
  if (locker.timePairs) return into.set(await locker.timePairs(key, IN_TURNS), from);
  for (let index = from; index < from + IN_TURNS; index++) {
    const began = performance.now();
    await pair(locker, key);
    into[index] = performance.now() - began;
  }
}

async function pair(locker: Locker, key: string): Promise<void> {
  if (locker.pair) await locker.pair(key, WAIT_MS);
  else await (await locker.acquire(key, WAIT_MS))();
}

/** The commands of the library alone, without the yardstick's. */
export async function some({ locker }: Scene, { key, times }: { key: string; times: number }): Promise<void> {
  if (locker.timePairs) return void (await locker.timePairs(key, times));
  for (let index = 0; index < times; index++) await pair(locker, key);
}
