import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { verdicts } from './bars.js';
import { type Plot, plotSvg } from './plot.js';
import type { Machine, Result, Table } from './result.js';
import { markdownTable, verdictTable } from './table.js';

/** What is drawn of each workload, in this order. */
const PLOTS: readonly (Pick<Plot, 'digits' | 'isLogarithmic' | 'title'> & {
  workload: string;
  column: string;
})[] = [
  { workload: 'a', column: 'ratio', digits: 2, title: 'a. Uncontended pair: p50 ÷ yardstick' },
  { workload: 'b', column: 'ratio', digits: 2, title: 'b. 256 in flight: pairs/s ÷ yardstick' },
  {
    workload: 'c',
    column: 'perSecond',
    digits: 0,
    isLogarithmic: true,
    title: 'c. 64 waiters in one process: hand-offs/s',
  },
  {
    workload: 'd',
    column: 'perSecond',
    digits: 0,
    isLogarithmic: true,
    title: 'd. 4 processes × 8 waiters: hand-offs/s',
  },
  { workload: 'd', column: 'jain', digits: 2, title: "d. 4 processes × 8 waiters: Jain's index of fairness" },
  {
    workload: 'e',
    column: 'other',
    digits: 2,
    isLogarithmic: true,
    title: 'e. Hand-off to another process: p50 ms',
  },
  {
    workload: 'e',
    column: 'same',
    digits: 2,
    isLogarithmic: true,
    title: 'e. Hand-off in the same process: p50 ms',
  },
];

const BEGIN = '<!-- results: written by npm run bench:report -->';
const END = '<!-- end of results -->';

/** Writes the tables of a run between the marks of the README, and its plots beside it. */
export function writeReport(jsonFile: string, folder: string): void {
  const result = JSON.parse(readFileSync(jsonFile, 'utf8')) as Result;
  const plots = PLOTS.flatMap((plot) => {
    const table = result.tables.find(({ workload }) => workload === plot.workload);
    return table
      ? [{ name: `${plot.workload}-${plot.column}.svg`, title: plot.title, svg: plotOf(plot, table) }]
      : [];
  });
  mkdirSync(join(folder, 'plots'), { recursive: true });
  for (const { name, svg } of plots) writeFileSync(join(folder, 'plots', name), svg);
  const readme = join(folder, 'README.md');
  const images = plots.map(({ name, title }) => `![${title}](plots/${name})`);
  const text = [
    machineText(result),
    verdictTable(verdicts(result)),
    ...images,
    ...result.tables.map(markdownTable),
  ].join('\n\n');
  writeFileSync(readme, replaced(readFileSync(readme, 'utf8'), text));
}

/** @throws Error where the marks are not there */
export function replaced(readme: string, text: string): string {
  const [from, until] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (from < 0 || until < from) throw new Error(`bench/README.md lacks the marks ${BEGIN} and ${END}.`);
  return `${readme.slice(0, from)}${BEGIN}\n\n${text}\n\n${readme.slice(until)}`;
}

function plotOf(plot: (typeof PLOTS)[number], { rows }: Table): string {
  const bars = rows.map(({ library, role, figures }) => ({
    label: library,
    role,
    value: figures[plot.column] ?? NaN,
  }));
  return plotSvg({ ...plot, bars });
}

function machineText({ machine, servers, seed }: Result): string {
  const { date, command, cpu, cores, memoryGb, system, node }: Machine = machine;
  const running = Object.values(servers).join(', ');
  return `${date.slice(0, 10)}, \`${command}\` (seed ${seed}): ${cores} × ${cpu}, ${memoryGb} GiB, ${system}, Node ${node}; ${running}. Clients and servers share the machine, over its loopback.`;
}
