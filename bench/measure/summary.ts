import type { Column, Figures } from '../workloads/workload.js';
import { median, quantile } from './statistics.js';

const OVER = {
  median,
  sum: (values: readonly number[]) => values.reduce((total, one) => total + one, 0),
  max: (values: readonly number[]) => Math.max(...values),
};

/** One number for each column, of the turns of all rounds; rounds that have none do not count. NaN where none has. */
export function summary(columns: readonly Column[], rounds: readonly Figures[]): Record<string, number> {
  return Object.fromEntries(
    columns.map(({ name, over = 'median' }) => {
      if (typeof over === 'function') return [name, over(rounds)];
      const values = rounds
        .map((round) => Number(round[name] ?? NaN))
        .filter((value) => !Number.isNaN(value));
      return [name, values.length === 0 ? NaN : OVER[over](values)];
    }),
  );
}

/** A quantile of the samples of that name of all rounds together. */
export function pooled(name: string, share: number): (rounds: readonly Figures[]) => number {
  return (rounds) =>
    quantile(
      rounds.flatMap((round) => (round[name] ?? []) as number[]),
      share,
    );
}
