import { setTimeout as sleep } from 'node:timers/promises';
import { openMutexes } from '../adapters/async-mutex.js';
import type { Crew } from '../contestant/crew.js';
import { contend, type ContendOrder, contendWith, type Contest } from './contend.js';
import { monotonicMs } from '../measure/clock.js';
import { merged, storyOf, within } from '../measure/grants.js';
import { median } from '../measure/statistics.js';
import { type Footprint, footprintParts, type Renewals } from './footprint.js';
import { sessionParts } from './sessions.js';
import type { Figures, Pace, Workload } from './workload.js';

const HEAD_START_MS = 50;

interface Sizes {
  readonly few: number;
  readonly crowd: number;
  readonly locks: number;
  readonly keys: number;
  readonly leadInMs: number;
  readonly measuredMs: number;
  readonly renewedMs: number;
  readonly repeats: number;
}

/** How much of everything; little in the short form. The lead-in is long enough for all to stand in the line. */
const sizesOf = (isQuick: boolean): Sizes =>
  isQuick
    ? { few: 2, crowd: 8, locks: 100, keys: 500, leadInMs: 100, measuredMs: 200, renewedMs: 500, repeats: 1 }
    : {
        few: 10,
        crowd: 1_000,
        locks: 10_000,
        keys: 100_000,
        leadInMs: 700,
        measuredMs: 1_000,
        renewedMs: 10_000,
        repeats: 3,
      };

interface Cost {
  /** Of a hand-off, with all waiters at their full pace. */
  readonly microseconds: number;
  readonly overlaps: number;
}

async function costOf(
  crew: Crew,
  part: string,
  { waiters, leadInMs, measuredMs }: Sizes & { waiters: number },
): Promise<Cost> {
  const beginMs = monotonicMs() + HEAD_START_MS;
  const fromMs = beginMs + leadInMs;
  const endMs = fromMs + measuredMs;
  const { grants } = await crew.processes[0]!.play<Contest>(part, {
    key: `${crew.key}:${part}`,
    firstWaiter: 0,
    waiters,
    beginMs,
    endMs,
    holdMs: 0,
    waitMs: 60_000,
  });
  const { handOffs } = storyOf(within(grants, fromMs, endMs), waiters);
  return {
    microseconds: (measuredMs / handOffs) * 1_000,
    overlaps: storyOf(merged([grants]), waiters).overlaps,
  };
}

interface Growth {
  readonly few: number;
  readonly crowd: number;
  readonly ratio: number;
  readonly overlaps: number;
}

/** Few and many in turns: the costs, and the one over the other. */
async function growthOf(crew: Crew, part: string, sizes: Sizes): Promise<Growth> {
  const few: Cost[] = [];
  const crowd: Cost[] = [];
  for (let repeat = 0; repeat < sizes.repeats; repeat++) {
    few.push(await costOf(crew, part, { ...sizes, waiters: sizes.few }));
    crowd.push(await costOf(crew, part, { ...sizes, waiters: sizes.crowd }));
  }
  const middle = (costs: Cost[]): number => median(costs.map(({ microseconds }) => microseconds));
  return {
    few: middle(few),
    crowd: middle(crowd),
    ratio: median(crowd.map(({ microseconds }, repeat) => microseconds / few[repeat]!.microseconds)),
    overlaps: [...few, ...crowd].reduce((total, one) => total + one.overlaps, 0),
  };
}

async function turn(crew: Crew, pace: Pace): Promise<Figures> {
  const sizes = sizesOf(pace.isQuick);
  const { crowd, locks, keys, renewedMs } = sizes;
  const process = crew.processes[0]!;
  const keysAtStart = await crew.keys();
  const footprint = await process.play<Footprint>('many', { key: crew.key, keys });
  const local = await growthOf(crew, 'contend', sizes);
  const mutex = await growthOf(crew, 'contendByMutex', sizes);
  await process.play('openSessions', { sessions: crowd });
  const line = await growthOf(crew, 'contendInSessions', sizes);
  await process.play('closeSessions');
  await process.play('hold', { key: crew.key, locks });
  let renewals: Renewals = { cpuMs: NaN };
  const work = await crew.count(async () => {
    renewals = await process.play<Renewals>('watch', { forMs: renewedMs });
  });
  await process.play('letGo');
  return {
    lineFew: line.few,
    lineCrowd: line.crowd,
    line: line.ratio,
    localFew: local.few,
    localCrowd: local.crowd,
    local: local.ratio,
    mutex: mutex.ratio,
    renewing: (renewals.cpuMs / renewedMs) * 100,
    renewingServer: ((work?.cpuMs ?? NaN) / renewedMs) * 100,
    overlaps: line.overlaps + local.overlaps,
    heap: footprint.grownBytes / 1_024,
    keys: await keysLeft(crew, keysAtStart, pace.isQuick ? 0 : 20_000),
  };
}

/** What is still stored when the clock tolerance is over; the server drops what has ended at its own pace. */
async function keysLeft(crew: Crew, atStart: number, patienceMs: number): Promise<number> {
  const endMs = performance.now() + patienceMs;
  for (;;) {
    // What others left there may end meanwhile too.
    const left = Math.max(0, (await crew.keys()) - atStart);
    if (left <= 0 || performance.now() >= endMs) return left;
    await sleep(200);
  }
}

export const growth: Workload = {
  name: 'f',
  title: 'Growth: 1,000 waiting against 10; 10,000 locks renewed; 100,000 keys used once',
  grounds: ['redis'],
  takes: ({ name }) => name === 'ours',
  processes: 1,
  rounds: 1,
  // Its lengths are its own: about a minute on a machine that does nothing else.
  patienceMs: 300_000,
  columns: [
    { name: 'lineFew', title: '10 clients: µs a hand-off', digits: 0 },
    { name: 'lineCrowd', title: '1,000 clients', digits: 0 },
    { name: 'line', title: 'ratio', digits: 2 },
    { name: 'localFew', title: '10 local waiters: µs', digits: 1 },
    { name: 'localCrowd', title: '1,000', digits: 1 },
    { name: 'local', title: 'ratio', digits: 2 },
    { name: 'mutex', title: 'of async-mutex', digits: 2 },
    { name: 'renewing', title: 'renewing: % of a core', digits: 2 },
    { name: 'renewingServer', title: 'of the server', digits: 2 },
    { name: 'heap', title: 'heap grown KiB', digits: 0 },
    { name: 'keys', title: 'keys left', digits: 0 },
    { name: 'overlaps', title: 'overlaps', digits: 0 },
  ],
  parts: {
    contend,
    contendByMutex: async (_scene, order: ContendOrder) => {
      const mutexes = await openMutexes();
      return contendWith(() => mutexes, order);
    },
    ...sessionParts(),
    ...footprintParts(),
  },
  turn,
  rehearse: (crew) => crew.processes[0]!.play('many', { key: crew.key, keys: 500 }),
};
