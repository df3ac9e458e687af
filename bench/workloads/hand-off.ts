import { setTimeout as sleep } from 'node:timers/promises';
import type { Crew } from '../contestant/crew.js';
import type { Locker } from '../library.js';
import { monotonicMs } from '../measure/clock.js';
import { GrantLog, merged, storyOf } from '../measure/grants.js';
import { pooled } from '../measure/summary.js';
import type { Contest } from './contend.js';
import type { Column, Figures, Pace, Scene, Workload } from './workload.js';

/** Each keeps the lock for so long while the other waits. */
const HOLD_MS = 20;
/** Orders need this long to reach both processes. */
const HEAD_START_MS = 30;
/** Who waits asks at some moment of the first part of the hold, so that no library looks again in step with it. */
const ARRIVES_WITHIN_MS = 12;
/** Its multiples spread evenly. */
const GOLDEN = 0.618_033_988_75;

/** Bare round trips after as long a rest as a waiter has: what the machine takes to wake up is in both. */
async function pings({ yardstick }: Scene, { forMs }: { forMs: number }): Promise<number[]> {
  const times: number[] = [];
  const endMs = performance.now() + forMs;
  while (performance.now() < endMs) {
    await sleep(HOLD_MS);
    const began = performance.now();
    await yardstick.ping?.();
    times.push(performance.now() - began);
  }
  return times;
}

/** The two waiters take turns: who gave the lock back asks again when the other has it, and so waits while it is held. */
interface AlternateOrder {
  readonly key: string;
  readonly waitMs: number;
  readonly beginMs: number;
  readonly endMs: number;
}

const TAKEN = 'taken';

async function alternate(
  scene: Scene,
  order: AlternateOrder & { readonly waiter: number },
): Promise<Contest> {
  const other = { tell: () => scene.tell(TAKEN), heard: () => scene.heard(TAKEN) };
  return oneOfTwo(scene.locker, order, other);
}

async function alternateHere({ locker }: Scene, order: AlternateOrder): Promise<Contest[]> {
  const ears: (() => void)[] = [];
  return Promise.all(
    [0, 1].map((waiter) =>
      oneOfTwo(
        locker,
        { ...order, waiter },
        {
          tell: () => ears[1 - waiter]?.(),
          heard: () => new Promise<void>((resolve) => (ears[waiter] = resolve)),
        },
      ),
    ),
  );
}

async function oneOfTwo(
  locker: Locker,
  order: AlternateOrder & { readonly waiter: number },
  other: { tell(): void; heard(): Promise<void> },
): Promise<Contest> {
  const { key, waitMs, beginMs, endMs, waiter } = order;
  const log = new GrantLog(Math.ceil((endMs - beginMs) / HOLD_MS) + 10);
  let failures = 0;
  let holds = 0;
  let turnOfOther = other.heard();
  const over = sleep(endMs - monotonicMs());
  if (waiter === 0) await sleep(beginMs - monotonicMs());
  else await Promise.race([turnOfOther, over]);
  while (monotonicMs() < endMs) {
    try {
      const release = await locker.acquire(key, waitMs);
      const from = release.takenMs ?? monotonicMs();
      turnOfOther = other.heard();
      other.tell();
      await sleep(HOLD_MS);
      const until = monotonicMs();
      const left = await release();
      log.note(waiter, from, typeof left === 'number' ? left : until);
      await Promise.race([turnOfOther, over]);
      await sleep(((++holds * GOLDEN) % 1) * ARRIVES_WITHIN_MS);
    } catch {
      failures++;
    }
  }
  return { grants: log.taken(), failures };
}

async function turn(crew: Crew, pace: Pace): Promise<Figures> {
  const { turnMs, waitMs } = pace;
  const orderFor = (forMs: number): AlternateOrder => {
    const beginMs = monotonicMs() + HEAD_START_MS;
    return { key: crew.key, waitMs, beginMs, endMs: beginMs + forMs };
  };
  const [one, two] = crew.processes;
  const far = orderFor(turnMs);
  const apart = await Promise.all(
    [one!, two!].map((process, waiter) => process.play<Contest>('alternate', { ...far, waiter })),
  );
  const together = crew.library.waitsOnce
    ? []
    : await one!.play<Contest[]>('alternateHere', orderFor(turnMs / 2));
  const ping = await one!.play<number[]>('pings', { forMs: turnMs / 2 });
  const [other, same] = [apart, together].map((contests) =>
    storyOf(merged(contests.map(({ grants }) => grants)), 2),
  );
  return {
    other: [...other!.latencies],
    same: [...same!.latencies],
    ping,
    handOffs: other!.handOffs,
    failures: [...apart, ...together].reduce((total, { failures }) => total + failures, 0),
    overlaps: other!.overlaps + same!.overlaps,
  };
}

/** A quantile of one sample over that of another. */
const ratio =
  (one: string, two: string, share: number) =>
  (rounds: readonly Figures[]): number =>
    pooled(one, share)(rounds) / pooled(two, share)(rounds);

const columns: readonly Column[] = [
  { name: 'other', title: 'other process p50 ms', digits: 3, over: pooled('other', 0.5) },
  { name: 'otherP99', title: 'p99', digits: 3, over: pooled('other', 0.99) },
  { name: 'ping', title: 'PING p50', digits: 3, over: pooled('ping', 0.5) },
  { name: 'pingP99', title: 'PING p99', digits: 3, over: pooled('ping', 0.99) },
  { name: 'ratio', title: 'p50 ÷ PING', digits: 2, over: ratio('other', 'ping', 0.5) },
  { name: 'handOffs', title: 'hand-offs', digits: 0, over: 'sum' },
  { name: 'same', title: 'same process p50 ms', digits: 3, over: pooled('same', 0.5) },
  { name: 'sameP99', title: 'p99', digits: 3, over: pooled('same', 0.99) },
  { name: 'failures', title: 'failed waits', digits: 0, over: 'sum' },
  { name: 'overlaps', title: 'overlaps', digits: 0, over: 'sum' },
];

export const handOff: Workload = {
  name: 'e',
  title: `Hand-off after a hold of ${HOLD_MS} ms: from the release until the next has it in hand`,
  grounds: ['redis', 'postgres', 'mysql', 'zookeeper'],
  takes: ({ name }) => !['by hand', 'ours, withLock'].includes(name),
  processes: 2,
  rounds: 3,
  turnMs: 2_000,
  columns,
  parts: { alternate, alternateHere, pings },
  turn,
};
