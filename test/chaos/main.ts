/** The campaign of faults as a program: `npm run chaos -- --help` says how. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ClientProgram } from '../support/client-program.js';
import { Campaign, type CampaignSettings } from './campaign.js';
import { judge } from './judge.js';
import { type Report, reportOf } from './report.js';
import { timeline } from './timeline.js';
import { TOPOLOGIES } from './topologies.js';

const NAMES = [...TOPOLOGIES.keys()];
const HELP = `npm run chaos -- --store <name> --seed 7 --minutes 5
npm run chaos -- --all --minutes 10

  --store    ${NAMES.slice(0, 5).join(', ')},
             ${NAMES.slice(5).join(', ')}
  --all      every store, one after another; those whose report is there, as long and without a broken promise, are left out
  --seed     the same seed makes the same schedule of faults and the same requests; default 1
  --minutes  default 1; from 1.5 on the second half has faults that come one by one, whose recovery is measured
  --only     some kinds of fault, such as kill,cut,partition
  --every    milliseconds between the beginnings of two faults, on average; default 1200
  --lease    milliseconds of the lease that is renewed; faults last longer with a longer one
  --out      where report and picture are written; default docs/reliability with --all, else nowhere

Ends with 1 where a promise was broken; then the whole history is written beside the report.`;

/** The columns of the terminal's table. */
const SHOWN = [
  'times',
  'acquisitions',
  'overlaps',
  'permitted',
  'regressions',
  'lostWakeUps',
  'others',
  'slowestRecoveryMs',
];

const { values } = parseArgs({
  options: {
    program: { type: 'string' },
    store: { type: 'string' },
    all: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '1' },
    only: { type: 'string' },
    every: { type: 'string' },
    lease: { type: 'string' },
    out: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed);
const out = values.out ?? (values.all ? 'docs/reliability' : undefined);

function say(text: string): void {
  console.log(text);
}

function settingsFor(store: string): CampaignSettings {
  const topology = TOPOLOGIES.get(store);
  if (!topology) throw new Error(`There is no store "${store}". There are: ${NAMES.join(', ')}.`);
  const began = performance.now();
  const seconds = (): string => ((performance.now() - began) / 1_000).toFixed(1).padStart(6);
  return {
    topology,
    program: ClientProgram.in(values.program!),
    seed,
    forMs: minutes * 60_000,
    measures: true,
    ...(values.every && { everyMs: Number(values.every) }),
    ...(values.lease && { watchdogMs: Number(values.lease) }),
    ...(values.only && { only: values.only.split(',') }),
    onProgress: (text) => say(`${seconds()} s  ${text}`),
  };
}

/** True where every promise was kept. */
async function run(store: string): Promise<boolean> {
  const settings = settingsFor(store);
  say(`${settings.topology.title}, seed ${seed}, ${minutes} minutes`);
  const campaign = await Campaign.run(settings);
  const verdict = judge(campaign);
  const report = reportOf(campaign, verdict);
  tell(report);
  const isKept = report.faults.length === 0;
  if (out === undefined) return isKept;
  await mkdir(out, { recursive: true });
  const write = (end: string, text: string): Promise<void> =>
    writeFile(join(out, `${nameOf(store)}.${end}`), text);
  await write('json', `${JSON.stringify(report, null, 2)}\n`);
  await write('svg', timeline(campaign, verdict));
  if (isKept) return true;
  const { history, failures, struck, stalls } = campaign;
  await write(
    'history.log',
    [...struck, ...stalls, ...failures, ...history].map((one) => JSON.stringify(one)).join('\n'),
  );
  return false;
}

const nameOf = (store: string): string => `${store}-seed-${seed}`;

function tell({ rows, requests, resource, measured, faults, store }: Report): void {
  console.table(Object.fromEntries(rows.map((row) => [row.fault, row])), SHOWN);
  say(`${requests} requests; resource: ${JSON.stringify(resource)}`);
  say(`measured: ${JSON.stringify(measured)}`);
  for (const { kind, key, atMs, message } of faults.slice(0, 20)) {
    say(`${kind} on "${key}" at ${atMs.toFixed(1)}: ${message}`);
  }
  const result = faults.length === 0 ? 'Every promise was kept' : `${faults.length} BROKEN PROMISES`;
  say(`${result}. Again: npm run chaos -- --store ${store} --seed ${seed} --minutes ${minutes}`);
}

function isDone(store: string): boolean {
  const file = join(out!, `${nameOf(store)}.json`);
  if (!existsSync(file)) return false;
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  return report.faults.length === 0 && report.minutes >= minutes;
}

async function runAll(): Promise<boolean> {
  let isKept = true;
  for (const store of NAMES) {
    if (isDone(store)) {
      say(`${store}: its report is there`);
      continue;
    }
    // One that cannot be run is no reason not to run the others.
    const kept = await run(store).catch((error: unknown) => {
      say(`${store} could not be run: ${String((error as Error).stack)}`);
      return false;
    });
    isKept &&= kept;
  }
  return isKept;
}

async function main(): Promise<void> {
  if (values.help || (!values.all && values.store === undefined)) return say(HELP);
  // Servers and wires of the tests keep no process alive.
  const alive = setInterval(() => undefined, 60_000);
  const isKept = values.all ? await runAll() : await run(values.store!);
  clearInterval(alive);
  if (!isKept) process.exitCode = 1;
}

await main();
