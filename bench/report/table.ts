import type { Verdict } from './bars.js';
import { numberText } from './plot.js';
import type { Row, Table } from './result.js';
import type { Column } from '../workloads/workload.js';

/** A table in Markdown. */
export function markdownTable({ title, workload, columns, rows }: Table): string {
  const lines = rows.map((row) => [
    `${row.library}${row.version ? ` ${row.version}` : ''}`,
    ...columns.map((column) => cell(row, column)),
  ]);
  const failures = rows.flatMap(({ library, failure }) =>
    failure === undefined ? [] : [`\n${library} ended before its rounds did: ${failure.split('\n', 1)[0]}`],
  );
  const heads = ['library', ...columns.map((column) => column.title)];
  return [`### ${workload}. ${title}`, '', ...drawn(heads, lines), ...failures].join('\n');
}

/** What was asked of ours. */
export function verdictTable(verdicts: readonly Verdict[]): string {
  const lines = verdicts.map(({ workload, what, bar, value, isMet }) => [
    `${workload}: ${what}`,
    bar,
    numberText(value, Math.abs(value) >= 100 ? 0 : 2),
    isMet ? 'yes' : '**no**',
  ]);
  return drawn(['of ours', 'bar', 'measured', 'met?'], lines).join('\n');
}

function cell({ figures }: Row, { name, digits }: Column): string {
  const value = figures[name] ?? NaN;
  return Number.isFinite(value) ? numberText(value, digits) : '–';
}

function drawn(heads: readonly string[], lines: readonly (readonly string[])[]): string[] {
  const rule = heads.map((_, index) => (index === 0 ? '---' : '--:'));
  return [heads, rule, ...lines].map((line) => `| ${line.join(' | ')} |`);
}
