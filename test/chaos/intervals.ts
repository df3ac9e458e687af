export interface Interval {
  readonly startMs: number;
  readonly endMs: number;
}

/** How much of an interval lies in some of the others. */
export function coveredMs({ startMs, endMs }: Interval, others: readonly Interval[]): number {
  const inside = others
    .map((one) => ({ startMs: Math.max(startMs, one.startMs), endMs: Math.min(endMs, one.endMs) }))
    .filter((one) => one.endMs > one.startMs)
    .sort((a, b) => a.startMs - b.startMs);
  let covered = 0;
  let untilMs = -Infinity;
  for (const one of inside) {
    covered += Math.max(0, one.endMs - Math.max(untilMs, one.startMs));
    untilMs = Math.max(untilMs, one.endMs);
  }
  return covered;
}

export function meet(one: Interval, other: Interval): boolean {
  return one.startMs <= other.endMs && other.startMs <= one.endMs;
}
