import { setTimeout as sleep } from 'node:timers/promises';
import { Crew } from './contestant/crew.js';
import type { Grounds } from './grounds/grounds.js';
import type { GroundName } from './grounds/ground.js';
import type { Library } from './library.js';
import { summary } from './measure/summary.js';
import { turnOrder } from './measure/turn-order.js';
import type { Row, Table } from './report/result.js';
import type { Figures, Pace, Workload } from './workloads/workload.js';

/** A library, and the file that it is loaded from in its own processes. */
export interface Contestant {
  readonly file: string;
  readonly version: string;
  readonly library: Library;
}

/** How the libraries of one workload have their turns. */
export interface Season {
  readonly workload: Workload;
  readonly contestants: readonly Contestant[];
  readonly grounds: Grounds;
  readonly pace: Omit<Pace, 'round'>;
  readonly rounds: number;
  /** Decides the order of the turns. */
  readonly seed: number;
  /** Says what goes on. */
  tell(line: string): void;
}

/** The short turn that warms up, and from which the server's counts are learnt to be read. */
const WARM_UP_MS = 300;
/** A turn that takes this much longer than it is meant to, hangs, where its workload does not say otherwise. */
const PATIENCE_MS = 60_000;

interface Entry {
  readonly contestant: Contestant;
  readonly rounds: Figures[];
  crew?: Crew;
  failure?: string;
}

/** Plays a workload: the libraries take turns round by round, each in processes of its own that live for all rounds. */
export async function play(season: Season): Promise<Table> {
  const { workload } = season;
  const entries: Entry[] = season.contestants.map((contestant) => ({ contestant, rounds: [] }));
  // Those of one ground take turns with each other; the grounds follow one another.
  for (const ground of new Set(entries.map(({ contestant }) => contestant.library.ground))) {
    await playOn(
      ground,
      season,
      entries.filter(({ contestant }) => contestant.library.ground === ground),
    );
  }
  const rows = entries.map((entry): Row => {
    const { library, version } = entry.contestant;
    return {
      library: library.name,
      version,
      role: library.role,
      ground: library.ground,
      rounds: entry.rounds,
      figures: summary(workload.columns, entry.rounds),
      ...(entry.failure === undefined ? {} : { failure: entry.failure }),
    };
  });
  return { workload: workload.name, title: workload.title, columns: workload.columns, rows };
}

async function playOn(name: GroundName, season: Season, entries: readonly Entry[]): Promise<void> {
  const { workload, pace, rounds } = season;
  const ground = await season.grounds.get(name);
  try {
    for (const entry of entries) {
      await attempt(season, entry, async () => {
        entry.crew = await Crew.start({ ...entry.contestant, ...pace, workload, ground });
        await warmUp(season, entry.crew);
      });
    }
    for (let round = 0; round < rounds; round++) {
      for (const place of turnOrder(entries.length, round, season.seed)) {
        const entry = entries[place]!;
        await attempt(season, entry, async () => {
          entry.rounds.push(await workload.turn(entry.crew!, { ...pace, round }));
        });
      }
    }
  } finally {
    await Promise.all(entries.map(async ({ crew }) => crew?.close()));
  }
}

async function warmUp({ workload, pace }: Season, crew: Crew): Promise<void> {
  const { rehearse, turn } = workload;
  if (pace.isQuick && !rehearse) return;
  const short = { ...pace, turnMs: Math.min(WARM_UP_MS, pace.turnMs), round: -1 };
  await crew.learn(() => (rehearse ?? turn)(crew, short));
}

/** A contestant that fails is out; the others go on. */
async function attempt(season: Season, entry: Entry, work: () => Promise<void>): Promise<void> {
  if (entry.failure !== undefined) return;
  const over = new AbortController();
  const tooLong = sleep(
    season.pace.turnMs + (season.workload.patienceMs ?? PATIENCE_MS),
    undefined,
    over,
  ).then(() => {
    throw new Error('its turn did not end');
  });
  try {
    await Promise.race([work(), tooLong]);
  } catch (error) {
    entry.failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
    season.tell(`${season.workload.name}: ${entry.contestant.library.name} failed: ${entry.failure}`);
  } finally {
    over.abort();
    tooLong.catch(() => undefined);
  }
}
