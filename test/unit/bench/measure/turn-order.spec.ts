import { expect, it } from '@jest/globals';
import { turnOrder } from '../../../../bench/measure/turn-order.js';

const SEED = 7;

it('gives everybody one turn in each round, and everybody the first once', () => {
  const rounds = Array.from({ length: 5 }, (_, round) => turnOrder(5, round, SEED));
  for (const order of rounds) expect(new Set(order)).toEqual(new Set([0, 1, 2, 3, 4]));
  expect(new Set(rounds.map(([first]) => first)).size).toBe(5);
});

it('can be repeated, and differs with the seed', () => {
  expect(turnOrder(20, 0, SEED)).toEqual(turnOrder(20, 0, SEED));
  expect(turnOrder(20, 0, SEED)).not.toEqual(turnOrder(20, 0, SEED + 1));
});

it('of nobody is empty', () => {
  expect(turnOrder(0, 3, SEED)).toEqual([]);
});
