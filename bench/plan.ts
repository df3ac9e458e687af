import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { libraryFiles, loadLibrary } from './libraries.js';
import type { Options } from './options.js';
import type { Contestant, Season } from './season.js';
import { workloads } from './workloads.js';
import type { Workload } from './workloads/workload.js';

const ROUNDS = 5;
const TURN_MS = 800;
/** Longer than a turn, so that who fails has missed its chance. */
const WAIT_MS = 2_000;

const QUICK_ROUNDS = 1;
const QUICK_TURN_MS = 200;
const QUICK_WAIT_MS = 500;
/** In the short form all peers on Redis play these workloads; in the others this peer stands for all of them. */
const QUICK_WORKLOADS = ['d', 'quorum'];
const QUICK_PEER = 'redlock';

/** A workload with those who take part, and how long it takes. */
export type Event = Pick<Season, 'workload' | 'contestants' | 'pace' | 'rounds' | 'seed'>;

/** What the options ask for. @throws Error that says what is wrong with them */
export async function planOf(options: Options): Promise<Event[]> {
  const contestants = await Promise.all(
    chosen('contestant', libraryFiles(), options.libraries).map(contestantFrom),
  );
  const names = workloads.map(({ name }) => name);
  const asked = chosen('workload', names, options.only);
  return workloads
    .filter(({ name }) => asked.includes(name))
    .map((workload) => ({
      workload,
      contestants: contestants.filter((one) => takesPart(workload, one) && !isSpared(workload, one, options)),
      ...tempo(workload, options),
    }))
    .filter((event) => event.contestants.length > 0);
}

function chosen(what: string, all: readonly string[], asked: readonly string[]): readonly string[] {
  const unknown = asked.filter((name) => !all.includes(name));
  if (unknown.length === 0) return asked.length === 0 ? all : asked;
  throw new Error(`No ${what} is called ${unknown.join(', ')}; there are ${all.join(', ')}.`);
}

async function contestantFrom(file: string): Promise<Contestant> {
  const library = await loadLibrary(file);
  return { file, library, version: versionOf(library) };
}

/** Of what is installed, beside this benchmark where it is of npm. */
function versionOf({ npmPackage, version }: Contestant['library']): string {
  if (npmPackage === undefined) return version?.() ?? '';
  const path = fileURLToPath(new URL(`../../node_modules/${npmPackage}/package.json`, import.meta.url));
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version.replace(/^v/, '');
}

function takesPart({ grounds, takes }: Workload, { library }: Contestant): boolean {
  return grounds.includes(library.ground) && (takes?.(library) ?? true);
}

/** In the short form; not where somebody asked for workloads or contestants by name. */
function isSpared(workload: Workload, { file, library }: Contestant, options: Options): boolean {
  const isAsked = options.only.length > 0 || options.libraries.length > 0;
  if (!options.isQuick || isAsked || library.role !== 'peer' || library.ground !== 'redis') return false;
  return file !== QUICK_PEER && !QUICK_WORKLOADS.includes(workload.name);
}

function tempo(workload: Workload, options: Options): Pick<Event, 'pace' | 'rounds' | 'seed'> {
  const { isQuick, seed } = options;
  const usual = isQuick
    ? { rounds: QUICK_ROUNDS, turnMs: QUICK_TURN_MS }
    : { rounds: workload.rounds ?? ROUNDS, turnMs: workload.turnMs ?? TURN_MS };
  const waitMs = isQuick ? QUICK_WAIT_MS : WAIT_MS;
  return {
    seed,
    rounds: options.rounds ?? usual.rounds,
    pace: { turnMs: options.turnMs ?? usual.turnMs, waitMs, isQuick },
  };
}
