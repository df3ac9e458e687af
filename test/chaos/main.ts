/**
 * The campaign of faults as a program: see `npm run chaos -- --help`.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ClientProgram } from '../support/client-program.js';
import { Campaign } from './campaign.js';
import { judge } from './judge.js';
import { type Report, reportOf } from './report.js';
import { timeline } from './timeline.js';
import { TOPOLOGIES } from './topologies.js';

const HELP = `npm run chaos -- --store <name> [--seed 7] [--minutes 5] [--only kill,cut] [--every 1200] [--out folder]

Stores: ${[...TOPOLOGIES.keys()].join(', ')}.
The same seed makes the same schedule of faults and the same requests. Ends with 1 where a promise was broken.`;

const { values } = parseArgs({
  options: {
    program: { type: 'string' },
    store: { type: 'string' },
    seed: { type: 'string' },
    minutes: { type: 'string', default: '1' },
    only: { type: 'string' },
    every: { type: 'string' },
    out: { type: 'string' },
    help: { type: 'boolean' },
  },
});

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

function say(text: string): void {
  console.log(text);
}

async function run(store: string): Promise<Report> {
  const topology = TOPOLOGIES.get(store);
  if (!topology)
    throw new Error(`There is no store ${store}; there are ${[...TOPOLOGIES.keys()].join(', ')}.`);
  const seed = Number(values.seed ?? Math.floor(Math.random() * 1e6));
  const forMs = Number(values.minutes) * 60_000;
  say(`${topology.title}, seed ${seed}, ${values.minutes} minutes`);
  const began = performance.now();
  const campaign = await Campaign.run({
    topology,
    program: ClientProgram.in(values.program!),
    seed,
    forMs,
    ...(values.every && { everyMs: Number(values.every) }),
    ...(values.only && { only: values.only.split(',') }),
    onProgress: (text) => say(`${((performance.now() - began) / 1_000).toFixed(1).padStart(7)} s  ${text}`),
  });
  const verdict = judge(campaign);
  const report = reportOf(campaign, verdict);
  if (values.out) {
    await mkdir(values.out, { recursive: true });
    await writeFile(join(values.out, `${store}.json`), `${JSON.stringify(report, null, 2)}\n`);
    await writeFile(join(values.out, `${store}.svg`), timeline(campaign, verdict));
  }
  return report;
}

function tell({ rows, requests, resource, measured, faults, seed, store }: Report): void {
  const shown = rows.map(({ fault, ...row }) => [fault, row] as const);
  console.table(Object.fromEntries(shown), SHOWN);
  say(`${requests} requests; resource: ${JSON.stringify(resource)}`);
  say(`measured: ${JSON.stringify(measured)}`);
  for (const { kind, key, atMs, message } of faults.slice(0, 20))
    say(`${kind} on "${key}" at ${atMs}: ${message}`);
  const verdict = faults.length === 0 ? 'every promise was kept' : `${faults.length} BROKEN PROMISES`;
  say(`${verdict}; again with: npm run chaos -- --store ${store} --seed ${seed} --minutes ${values.minutes}`);
}

if (values.help || !values.store) say(HELP);
else {
  const report = await run(values.store);
  tell(report);
  if (report.faults.length > 0) process.exitCode = 1;
}
