import { columnsOf, shortened, shown } from './shown.js';
import type { HolderReport, KeyReport } from './report.js';

const HEAD = ['KEY', 'HELD', 'OWNER', 'SINCE', 'REST', 'TOKEN', 'WAITERS'];
/** A longer key is shortened; `--json` has all of it. */
const MOST_KEY_COLUMNS = 72;

/** A row for each holder; of a key that nobody holds, one without. */
export function tableOf(keys: readonly KeyReport[]): string {
  const rows = keys.flatMap(rowsOf);
  return aligned([HEAD, ...rows]);
}

function rowsOf({ key, holders, waiters }: KeyReport): string[][] {
  const name = shortened(shown(key), MOST_KEY_COLUMNS);
  if (holders.length === 0) return [[name, '-', '-', '-', '-', '-', String(waiters)]];
  return holders.map((holder, index) => {
    const isFirst = index === 0;
    return [isFirst ? name : '', ...cellsOf(holder), isFirst ? String(waiters) : ''];
  });
}

function cellsOf(holder: HolderReport): string[] {
  const { owner, since, remainingMs, fencingToken } = holder;
  const who = owner === '' ? '(min hold time)' : shown(owner);
  return [heldAs(holder), who, since ?? 'not known', spanOf(remainingMs), String(fencingToken)];
}

export function heldAs({ mode, weight, permits }: HolderReport): string {
  return permits === undefined ? mode : `${weight} of ${permits}`;
}

/** In the unit that tells most with three digits or so. */
export function spanOf(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 100_000) return `${(ms / 1_000).toFixed(1)} s`;
  return ms < 6_000_000 ? `${Math.round(ms / 60_000)} min` : `${(ms / 3_600_000).toFixed(1)} h`;
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => columnsOf(row[column] ?? ''))));
  const lines = rows.map((row) =>
    row.map((cell, column) => cell + ' '.repeat(widths[column]! - columnsOf(cell))).join('  '),
  );
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}
