import { type Random, seededRandom } from '../testing/random.js';

/**
 * Tells `story` once for each seed `1 … count`, each with its own source of chance; with `SEED=17` in the environment
 * that one alone. What fails names its seed.
 */
export async function forEachSeed(
  count: number,
  story: (random: Random, seed: number) => void | Promise<void>,
): Promise<void> {
  const replayed = process.env['SEED'];
  const seeds = replayed ? [Number(replayed)] : Array.from({ length: count }, (_, index) => index + 1);
  for (const seed of seeds) {
    try {
      await story(seededRandom(seed), seed);
    } catch (error) {
      throw new Error(
        `Seed ${seed} fails; replay it with SEED=${seed}.\n${String((error as Error)?.stack)}`,
        {
          cause: error,
        },
      );
    }
  }
}
