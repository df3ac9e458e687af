import { describe, expect, it } from '@jest/globals';
import { pastRaces } from '../../../../lib/stores/sql/races.js';
import { manualClock } from '../../../../lib/testing/manual-clock.js';

const isRace = (error: unknown): boolean => error instanceof Error && error.message === 'race';

/** A statement that fails so often, with that. */
function failing(times: number, message: string) {
  const clock = manualClock();
  let attempts = 0;
  const work = pastRaces(clock, isRace, async () => {
    if (++attempts <= times) throw new Error(message);
    return 'done';
  });
  work.catch(() => undefined);
  return { clock, work, attempts: () => attempts };
}

describe('a statement that others met', () => {
  it('is repeated until it is through', async () => {
    const { clock, work, attempts } = failing(7, 'race');
    await clock.advanceAsync(1_000);
    expect(await work).toBe('done');
    expect(attempts()).toBe(8);
  });

  it('is given up after forty attempts', async () => {
    const { clock, work, attempts } = failing(Infinity, 'race');
    await clock.advanceAsync(10_000);
    await expect(work).rejects.toThrow('race');
    expect(attempts()).toBe(40);
  });

  it('is not repeated where something else is wrong', async () => {
    const { work, attempts } = failing(1, 'broken');
    await expect(work).rejects.toThrow('broken');
    expect(attempts()).toBe(1);
  });
});
