import { expect, it } from '@jest/globals';
import { verdicts } from '../../../../bench/report/bars.js';
import type { Row, Table } from '../../../../bench/report/result.js';

type Figures = Record<string, number>;

const row = (library: string, role: Row['role'], figures: Figures): Row => ({
  library,
  role,
  figures,
  version: '1',
  ground: 'redis',
  rounds: [],
});
const tableOf = (workload: string, ...rows: Row[]): Table => ({ workload, title: '', columns: [], rows });
const verdictOf = (table: Table, what: string) =>
  verdicts({ tables: [table] }).find((one) => one.what === what);

it('holds ours against the bar', () => {
  const what = 'ours: p50 ÷ yardstick';
  expect(verdictOf(tableOf('a', row('ours', 'ours', { ratio: 1.19 })), what)).toMatchObject({
    bar: '≤ 1.2',
    value: 1.19,
    isMet: true,
  });
  expect(verdictOf(tableOf('a', row('ours', 'ours', { ratio: 1.21 })), what)?.isMet).toBe(false);
});

it('takes the best peer without failed waits, and no limit for a peer', () => {
  const table = tableOf(
    'd',
    row('ours', 'ours', { perSecond: 600 }),
    row('good', 'peer', { perSecond: 100, failures: 0 }),
    row('slow', 'peer', { perSecond: 10, failures: 0 }),
    row('failing', 'peer', { perSecond: 500, failures: 1 }),
    row('a mutex', 'limit', { perSecond: 9_000, failures: 0 }),
  );
  const what = 'hand-offs/s ÷ the best peer without failed waits';
  expect(verdictOf(table, what)).toMatchObject({ value: 6, isMet: true });
});

it('holds the fair form against every peer, failed waits or not', () => {
  const table = tableOf(
    'd',
    row('ours, fair', 'ours', { perSecond: 400 }),
    row('failing', 'peer', { perSecond: 500, failures: 1 }),
  );
  const what = 'fair: hand-offs/s ÷ the best peer, failed waits or not';
  expect(verdictOf(table, what)).toMatchObject({ value: 0.8, isMet: false });
});

it('counts overlaps of all our forms', () => {
  const forms = (overlaps: number) =>
    tableOf('d', row('ours', 'ours', { overlaps: 0 }), row('ours, fair', 'ours', { overlaps }));
  const what = 'overlaps, of all our forms together';
  expect(verdictOf(forms(0), what)?.isMet).toBe(true);
  expect(verdictOf(forms(1), what)?.isMet).toBe(false);
});

it('compares hand-offs only with peers that had enough of them', () => {
  const table = tableOf(
    'e',
    row('ours', 'ours', { other: 1 }),
    row('lucky', 'peer', { other: 0.1, handOffs: 3 }),
    row('woken', 'peer', { other: 2, handOffs: 300 }),
  );
  expect(verdictOf(table, 'other process: p50 ÷ the best peer with 200 hand-offs')?.value).toBe(0.5);
});

it('says nothing of what was not measured', () => {
  expect(verdicts({ tables: [tableOf('a', row('redlock', 'peer', { ratio: 1 }))] })).toEqual([]);
  expect(verdicts({ tables: [] })).toEqual([]);
});
