import type { Column, Figures } from '../workloads/workload.js';
import { median } from './statistics.js';

const OVER = {
  median,
  sum: (values: readonly number[]) => values.reduce((total, one) => total + one, 0),
  max: (values: readonly number[]) => Math.max(...values),
};

/** One number for each column, of the turns of all rounds; rounds that have none do not count. */
export function summary(columns: readonly Column[], rounds: readonly Figures[]): Figures {
  return Object.fromEntries(
    columns.map(({ name, over = 'median' }) => {
      const values = rounds.map((round) => round[name] ?? NaN).filter((value) => !Number.isNaN(value));
      return [name, values.length === 0 ? NaN : OVER[over](values)];
    }),
  );
}
