import { describe, expect, it } from '@jest/globals';
import type { Swept } from '../../../../lib/stores/sql/sql-commands.js';
import { Sweeper } from '../../../../lib/stores/sql/sweeper.js';
import { manualClock } from '../../../../lib/testing/manual-clock.js';

function sweeping(answers: (Swept | Error)[]) {
  const clock = manualClock();
  const asked: { place: string; most: number; atMs: number }[] = [];
  const sweeper = new Sweeper({
    clock,
    sweep: async (place, most) => {
      asked.push({ place, most, atMs: clock.nowMs() });
      const answer = answers.shift() ?? { scanned: 0, deleted: 0, place: '' };
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  return { clock, asked, sweeper };
}

describe('the sweep', () => {
  it('walks through the table, at leisure where nothing is to be deleted', async () => {
    const { clock, asked } = sweeping([{ scanned: 500, deleted: 0, place: 'k500' }]);
    await clock.advanceAsync(20_000);
    expect(asked.slice(0, 3).map(({ place }) => place)).toEqual(['', 'k500', '']);
    for (const { most } of asked) expect(most).toBe(500);
    expect(asked.length).toBeLessThan(7);
  });

  it('hurries where there is much to delete, and rests at the end', async () => {
    const full = Array.from({ length: 20 }, (_, at) => ({ scanned: 500, deleted: 500, place: `k${at}` }));
    const { clock, asked } = sweeping([...full, { scanned: 3, deleted: 3, place: 'z' }]);
    await clock.advanceAsync(8_000);
    expect(asked.length).toBeGreaterThanOrEqual(21);
    expect(asked[20]!.atMs - asked[0]!.atMs).toBeLessThan(1_000);
    expect(asked[21]?.place ?? '').toBe('');
  });

  it('begins anew after a failure', async () => {
    const { clock, asked } = sweeping([{ scanned: 500, deleted: 0, place: 'k' }, new Error('down')]);
    await clock.advanceAsync(30_000);
    expect(asked.slice(0, 3).map(({ place }) => place)).toEqual(['', 'k', '']);
  });

  it('leaves no timer when it is stopped', async () => {
    const { clock, asked, sweeper } = sweeping([]);
    sweeper.stop();
    await clock.advanceAsync(60_000);
    expect([asked, clock.pending]).toEqual([[], 0]);
  });
});
