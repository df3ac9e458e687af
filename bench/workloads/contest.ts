import type { Crew } from '../contestant/crew.js';
import type { ServerWork } from '../grounds/ground.js';
import { monotonicMs } from '../measure/clock.js';
import { type Grants, merged, type Story, storyOf, within } from '../measure/grants.js';
import type { Contest, ContendOrder } from './contend.js';

/** Orders need this long to reach all processes. */
const HEAD_START_MS = 30;
const LEAD_IN = 0.2;

export interface ContestSetting {
  /** In each process. */
  readonly waiters: number;
  readonly holdMs: number;
  readonly forMs: number;
  readonly waitMs: number;
  /** Which processes take part; all unless told. */
  readonly processes?: number;
}

/** All waiters of all processes against each other. */
export interface ContestResult {
  /** Until the end of the time. */
  readonly story: Story;
  readonly handOffsPerSecond: number;
  readonly failures: number;
  readonly overlaps: number;
  /** Of the servers, for each hand-off, those after the end included on both sides. */
  readonly perHandOff: (total: keyof ServerWork) => number;
}

/** Lets the processes of a crew contend for one key. */
export async function contest(crew: Crew, setting: ContestSetting): Promise<ContestResult> {
  const processes = crew.processes.slice(0, setting.processes);
  const waiters = processes.length * setting.waiters;
  const beginMs = monotonicMs() + HEAD_START_MS;
  const endMs = beginMs + setting.forMs;
  let contests: Contest[] = [];
  const work = await crew.count(async () => {
    contests = await Promise.all(
      processes.map((process, index) => {
        const { waiters: each, holdMs, waitMs } = setting;
        const times = { beginMs, endMs, holdMs, waitMs };
        const order: ContendOrder = { key: crew.key, firstWaiter: index * each, waiters: each, ...times };
        return process.play<Contest>('contend', order);
      }),
    );
  });
  // The first fifth does not count: libraries that look again from time to time all begin in step.
  const countedMs = setting.forMs * (1 - LEAD_IN);
  const grants: Grants = merged(contests.map((one) => one.grants));
  const all = storyOf(grants, waiters);
  const story = storyOf(within(grants, endMs - countedMs, endMs), waiters);
  return {
    story,
    handOffsPerSecond: (story.handOffs / countedMs) * 1_000,
    failures: contests.reduce((total, one) => total + one.failures, 0),
    overlaps: all.overlaps,
    perHandOff: (total) => (work?.[total] ?? NaN) / all.handOffs,
  };
}
