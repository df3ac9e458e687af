/** One vote on its way to one instance. */
export interface Ballot {
  readonly userSeq: number;
  /** The index of the instance it is sent to. */
  readonly instance: number;
}

export interface StormSize {
  readonly users: number;
  readonly duplicates: number;
  readonly concurrency: number;
  readonly instances: number;
  readonly seed: number;
}

/**
 * Who votes where in which order: each voter's duplicates go round all instances, close enough to each other to be
 * under way at the same time.
 */
export function planStorm({ users, duplicates, concurrency, instances, seed }: StormSize): Ballot[] {
  const random = randomOf(seed);
  const voters = shuffled(
    range(users).map((index) => index + 1),
    random,
  );
  const together = Math.max(1, Math.round(concurrency / duplicates));
  const ballots: Ballot[] = [];
  for (let first = 0; first < voters.length; first += together) {
    const group = voters.slice(first, first + together).flatMap((userSeq) => {
      const offset = Math.floor(random() * instances);
      return range(duplicates).map((turn) => ({ userSeq, instance: (offset + turn) % instances }));
    });
    ballots.push(...shuffled(group, random));
  }
  return ballots;
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, rank: random() }))
    .sort((one, other) => one.rank - other.rank)
    .map(({ item }) => item);
}

/** Numbers from 0 to below 1, the same for the same seed: a counter that walks by the golden ratio, well mixed. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
}
