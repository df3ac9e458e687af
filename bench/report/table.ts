import type { Row, Table } from './result.js';
import type { Column } from '../workloads/workload.js';

/** A table in Markdown. */
export function markdownTable({ title, columns, rows }: Table): string {
  const head = ['library', ...columns.map((column) => column.title)];
  const lines = rows.map((row) => [
    `${row.library}${row.version ? ` ${row.version}` : ''}`,
    ...columns.map((column) => cell(row, column)),
  ]);
  const failures = rows.flatMap(({ library, failure }) =>
    failure === undefined ? [] : [`\n${library} ended before its rounds did: ${failure.split('\n', 1)[0]}`],
  );
  return [
    `### ${title}`,
    '',
    ...drawn([head, head.map((_, i) => (i === 0 ? '---' : '--:')), ...lines]),
    ...failures,
  ].join('\n');
}

function cell({ figures }: Row, { name, digits }: Column): string {
  const value = figures[name] ?? NaN;
  if (Number.isNaN(value)) return '–';
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function drawn(lines: readonly (readonly string[])[]): string[] {
  return lines.map((line) => `| ${line.join(' | ')} |`);
}
