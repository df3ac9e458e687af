/** Readers of what stands packed in a row; the form is described in `sql/table.sql`. */
import type { KeyView } from '../../line/store.js';

/** The length of a record, of holders and of the line. */
const RECORD = 76;

/** Those whose lease has not ended. */
export function holdersOf(packed: string, nowUs: number): KeyView['holders'] {
  return recordsOf(packed)
    .map((record) => ({
      owner: record.slice(1, 33).replaceAll('-', ''),
      token: Number(record.slice(44, 60)),
      weight: Number(record.slice(34, 44)),
      endsUs: Number(record.slice(60, 76)),
    }))
    .filter(({ endsUs }) => endsUs > nowUs)
    .map(({ endsUs, ...holder }) => ({ ...holder, restMs: (endsUs - nowUs) / 1000 }));
}

/** The owners of a line that are called. */
export function ownersCalled(packed: string): string[] {
  return recordsOf(packed)
    .filter((record) => record[33] === 'k')
    .map((record) => record.slice(1, 33));
}

function recordsOf(packed: string): string[] {
  const records = [];
  for (let at = 0; at < packed.length; at += RECORD) records.push(packed.slice(at, at + RECORD));
  return records;
}
