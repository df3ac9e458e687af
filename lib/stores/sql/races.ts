import type { Clock } from '../../util/clock.js';
import { systemRandom } from '../../util/random.js';

/** A statement that lost so often in a row is given up, and its error told. */
const MOST_ATTEMPTS = 40;
/** Pauses between attempts, in milliseconds: drawn at random up to a bound that doubles. */
const PAUSE_MS = { first: 1, most: 32 } as const;

/**
 * Repeats a statement that the server has undone because another one met it: a deadlock, a serialization failure, a row
 * that was made twice. Under a default of REPEATABLE READ every wait for a row ends so.
 */
export async function pastRaces<T>(
  clock: Clock,
  isRace: (error: unknown) => boolean,
  statement: () => Promise<T>,
): Promise<T> {
  let mostMs: number = PAUSE_MS.first;
  for (let attempt = 1; ; attempt++) {
    try {
      return await statement();
    } catch (error) {
      if (!isRace(error) || attempt === MOST_ATTEMPTS) throw error;
    }
    await pause(clock, systemRandom() * mostMs);
    mostMs = Math.min(PAUSE_MS.most, mostMs * 2);
  }
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimer(ms, resolve);
  });
}
