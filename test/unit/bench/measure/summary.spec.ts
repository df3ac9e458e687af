import { expect, it } from '@jest/globals';
import { pooled, summary } from '../../../../bench/measure/summary.js';

const column = (name: string, more: object = {}) => ({ name, title: name, digits: 0, ...more });

it('makes one number of those of all rounds, as the column says', () => {
  const columns = [column('rate'), column('failures', { over: 'sum' }), column('starved', { over: 'max' })];
  const rounds = [
    { rate: 1, failures: 2, starved: 0 },
    { rate: 9, failures: 0, starved: 3 },
    { rate: 4, failures: 1, starved: 1 },
  ];
  expect(summary(columns, rounds)).toEqual({ rate: 4, failures: 3, starved: 3 });
});

it('leaves out rounds that have none, and has none where none has', () => {
  expect(summary([column('rate'), column('other')], [{ rate: NaN }, { rate: 5 }])).toEqual({
    rate: 5,
    other: NaN,
  });
});

it('looks at samples of all rounds together', () => {
  const rounds = [{ times: [1, 2] }, { times: [100] }, {}];
  expect(summary([column('p99', { over: pooled('times', 0.99) })], rounds)).toEqual({ p99: 100 });
});
