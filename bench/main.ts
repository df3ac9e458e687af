import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Grounds } from './grounds/grounds.js';
import { readOptions, USAGE } from './options.js';
import { type Event, planOf } from './plan.js';
import { verdicts } from './report/bars.js';
import { thisMachine } from './report/machine.js';
import type { Result, Table } from './report/result.js';
import { markdownTable, verdictTable } from './report/table.js';
import { play } from './season.js';

const tell = (line: string): void => void process.stderr.write(`${line}\n`);
const show = (text: string): void => void process.stdout.write(`\n${text}\n`);

/** Runs what the arguments ask for; the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const options = readOptions(args);
    const plan = await planOf(options);
    const { servers, tables } = await playAll(plan);
    const { seed, isQuick } = options;
    const result: Result = { machine: thisMachine(args), seed, isQuick, servers, tables };
    const told = isQuick ? [] : verdicts(result);
    if (told.length > 0) show(verdictTable(told));
    if (options.json !== undefined) write(options.json, result);
    return tables.some(isBroken) ? 1 : 0;
  } catch (error) {
    tell(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return 2;
  }
}

async function playAll(plan: readonly Event[]): Promise<Pick<Result, 'servers' | 'tables'>> {
  const grounds = new Grounds();
  // The servers' processes do not keep this one alive, so the last of them could not be waited for.
  const alive = setInterval(() => undefined, 60_000);
  try {
    const tables: Table[] = [];
    for (const event of plan) {
      const began = performance.now();
      const table = await play({ ...event, grounds, tell });
      tables.push(table);
      show(markdownTable(table));
      tell(`${event.workload.name}: ${((performance.now() - began) / 1_000).toFixed(0)} s`);
    }
    return { servers: await grounds.titles(), tables };
  } finally {
    await grounds.stop();
    clearInterval(alive);
  }
}

/** A library that does not work here, or two of ours inside at once. */
function isBroken({ rows }: Table): boolean {
  return rows.some(
    ({ role, failure, figures }) =>
      failure !== undefined || (role === 'ours' && (figures['overlaps'] ?? 0) > 0),
  );
}

/** Numbers in four digits: more would be noise. */
function write(path: string, result: Result): void {
  const short = (_key: string, value: unknown): unknown =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(result, short, 1)}\n`);
}
