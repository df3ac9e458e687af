import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Grounds } from './grounds/grounds.js';
import { libraryFiles, loadLibrary } from './libraries.js';
import { type Options, readOptions, USAGE } from './options.js';
import { verdicts } from './report/bars.js';
import { thisMachine } from './report/machine.js';
import type { Result, Table } from './report/result.js';
import { markdownTable, verdictTable } from './report/table.js';
import { type Contestant, play, type Season } from './season.js';
import { workloads } from './workloads.js';
import type { Workload } from './workloads/workload.js';

const ROUNDS = 5;
const TURN_MS = 1_000;
const QUICK_ROUNDS = 1;
const QUICK_TURN_MS = 200;
/** Longer than a turn, so that who fails has missed its chance. */
const WAIT_MS = 2_000;
const QUICK_WAIT_MS = 500;

const tell = (line: string): void => void process.stderr.write(`${line}\n`);

/** Runs what the arguments ask for; the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  let options: Options;
  try {
    options = readOptions(args);
  } catch (error) {
    tell(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    return 2;
  }
  const grounds = new Grounds();
  try {
    const tables = await playAll(options, grounds);
    const { seed, isQuick } = options;
    const servers = await grounds.titles();
    const result: Result = { machine: thisMachine(args), seed, isQuick, servers, tables };
    const told = isQuick ? [] : verdicts(result);
    if (told.length > 0) process.stdout.write(`\n${verdictTable(told)}\n`);
    if (options.json !== undefined) write(options.json, result);
    return tables.some(isBroken) ? 1 : 0;
  } finally {
    await grounds.stop();
  }
}

/** A library that does not work here, or two of ours inside at once. */
function isBroken({ rows }: Table): boolean {
  return rows.some(
    ({ role, failure, figures }) =>
      failure !== undefined || (role === 'ours' && (figures['overlaps'] ?? 0) > 0),
  );
}

async function playAll(options: Options, grounds: Grounds): Promise<Table[]> {
  const contestants = await chosenContestants(options);
  const tables: Table[] = [];
  for (const workload of chosenWorkloads(options)) {
    const those = contestants.filter(({ library }) => takesPart(workload, library));
    if (those.length === 0) continue;
    const began = performance.now();
    const table = await play({ workload, contestants: those, grounds, tell, ...tempo(workload, options) });
    tables.push(table);
    process.stdout.write(`\n${markdownTable(table)}\n`);
    tell(`${workload.name}: ${((performance.now() - began) / 1_000).toFixed(0)} s`);
  }
  return tables;
}

function tempo(workload: Workload, options: Options): Pick<Season, 'pace' | 'rounds' | 'seed'> {
  const { isQuick } = options;
  const usual = isQuick
    ? { rounds: QUICK_ROUNDS, turnMs: QUICK_TURN_MS }
    : { rounds: workload.rounds ?? ROUNDS, turnMs: workload.turnMs ?? TURN_MS };
  const waitMs = isQuick ? QUICK_WAIT_MS : WAIT_MS;
  return {
    seed: options.seed,
    rounds: options.rounds ?? usual.rounds,
    pace: { turnMs: options.turnMs ?? usual.turnMs, waitMs, isQuick },
  };
}

function takesPart(workload: Workload, library: Contestant['library']): boolean {
  return workload.grounds.includes(library.ground) && (workload.takes?.(library) ?? true);
}

function chosenWorkloads({ only }: Options): readonly Workload[] {
  const unknown = only.filter((name) => !workloads.some((workload) => workload.name === name));
  if (unknown.length > 0) throw new Error(`No workload is called ${unknown.join(', ')}.`);
  return only.length === 0 ? workloads : workloads.filter(({ name }) => only.includes(name));
}

async function chosenContestants({ libraries }: Options): Promise<Contestant[]> {
  const files = libraries.length === 0 ? libraryFiles() : libraries;
  return Promise.all(
    files.map(async (file) => {
      const library = await loadLibrary(file);
      return { file, library, version: library.npmPackage ? versionOf(library.npmPackage) : '' };
    }),
  );
}

/** Of what is installed beside this benchmark. */
function versionOf(npmPackage: string): string {
  const path = fileURLToPath(new URL(`../../node_modules/${npmPackage}/package.json`, import.meta.url));
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}

/** Numbers in four digits: more would be noise. */
function write(path: string, result: Result): void {
  const short = (_key: string, value: unknown): unknown =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(result, short, 1)}\n`);
}
