import { Seeded } from '../../test/support/seeded.js';

/**
 * Whose turn is when in a round: an order that the seed decides, begun one further in each round, so that nobody is
 * always first.
 */
export function turnOrder(count: number, round: number, seed: number): number[] {
  const seeded = new Seeded(seed);
  const order = Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = seeded.int(0, last);
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  const start = round % Math.max(1, count);
  return [...order.slice(start), ...order.slice(0, start)];
}
