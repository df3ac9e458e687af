import { randomInt, randomUUID } from 'node:crypto';

/** A number from 0 up to, not including, 1. Tests give a seeded one. */
export type Random = () => number;

const STEPS = 2 ** 32;

export const systemRandom: Random = () => randomInt(STEPS) / STEPS;

/** A random id of 128 bits, as 32 hexadecimal digits: a UUID of version 4, for which Node keeps random bytes in stock. */
export function randomId(): string {
  return randomUUID().replaceAll('-', '');
}
