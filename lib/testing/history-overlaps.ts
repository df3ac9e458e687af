import type { RequestSpan } from './history.js';
import type { Violation } from './history-checker.js';

/** Holds of one key that stood beside each other and may not: more weight than the capacity, or different capacities. */
export function overlaps(spans: readonly RequestSpan[]): Violation[] {
  const holds = spans.filter((one) => one.outcome === 'granted' && one.endMs > one.answeredMs);
  const starts = [...holds].sort((a, b) => a.answeredMs - b.answeredMs);
  const violations: Violation[] = [];
  let active: RequestSpan[] = [];
  for (const hold of starts) {
    // A hold that ends in the moment in which another begins is no overlap.
    active = active.filter((one) => one.endMs > hold.answeredMs);
    const beside = active.reduce((sum, one) => sum + one.weight, 0);
    const isMixed = active.some((one) => one.capacity !== hold.capacity);
    if (isMixed || beside + hold.weight > hold.capacity) violations.push(overlap(hold, active));
    active.push(hold);
  }
  return violations;
}

function overlap(hold: RequestSpan, active: readonly RequestSpan[]): Violation {
  const others = active.map((one) => `${one.request} (weight ${one.weight}, token ${one.token})`).join(', ');
  return {
    kind: 'overlap',
    key: hold.key,
    atMs: hold.answeredMs,
    requests: [...active.map((one) => one.request), hold.request],
    message: `request ${hold.request} (weight ${hold.weight} of ${hold.capacity}, token ${hold.token}) holds beside ${others}`,
  };
}
