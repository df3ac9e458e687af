/** A seeded source of chance (mulberry32): the same seed tells the same story. */
export interface Random {
  /** At least 0, below 1. */
  next(): number;
  /** A whole number of `least … most`. */
  int(least: number, most: number): number;
  pick<T>(from: readonly T[]): T;
}

export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1));
  return { next, int, pick: (from) => from[int(0, from.length - 1)]! };
}
