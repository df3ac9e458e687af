/** How many of so many nodes any two majorities share one of. */
export function majorityOf(nodes: number): number {
  return Math.floor(nodes / 2) + 1;
}

/** The n-th greatest, counted from 1; -Infinity where there are fewer. */
export function nthGreatest(values: readonly number[], n: number): number {
  return [...values].sort((a, b) => b - a)[n - 1] ?? -Infinity;
}

/** The value that occurs most often; of equally frequent ones the greatest. */
export function mostFrequent(values: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const [first] = [...counts].sort(([a, ofA], [b, ofB]) => ofB - ofA || b - a);
  return first![0];
}
