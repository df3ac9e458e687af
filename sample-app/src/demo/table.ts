import type { Audit } from './audit.js';
import type { Runs } from './verdict.js';

const ROWS: readonly (readonly [label: string, cell: (audit: Audit) => string])[] = [
  ['requests', ({ requests }) => String(requests)],
  ['votes in the database', ({ votes }) => String(votes)],
  ['voters', ({ voters }) => String(voters)],
  ['duplicates', ({ duplicates }) => String(duplicates)],
  ['failed requests', ({ failures }) => String(failures.length)],
  ['replies ≠ database', ({ disagreements }) => String(disagreements)],
  ['latency p50', ({ p50Ms }) => `${p50Ms.toFixed(1)} ms`],
  ['latency p99', ({ p99Ms }) => `${p99Ms.toFixed(1)} ms`],
  ['requests per second', ({ requestsPerSecond }) => requestsPerSecond.toFixed(0)],
  ['hand-offs per second', ({ handOffsPerSecond }) => handOffsPerSecond?.toFixed(0) ?? '–'],
];

/** The two runs beside each other. */
export function table(runs: Runs): string {
  const lines = [
    ['', 'unprotected', 'protected'],
    ...ROWS.map(([label, cell]) => [label, cell(runs.unprotected), cell(runs.protected)]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const text = lines.map(([label = '', ...cells]) =>
    [label.padEnd(widths[0] ?? 0), ...cells.map((cell, index) => cell.padStart(widths[index + 1] ?? 0))].join(
      '   ',
    ),
  );
  const rule = '─'.repeat(text[0]?.length ?? 0);
  return [text[0], rule, ...text.slice(1)].join('\n');
}
