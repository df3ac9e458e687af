import { describe, expect, it } from '@jest/globals';
import { type Campaigning, type Plannable, planFaults } from '../../chaos/schedule.js';
import { forEachSeed } from '../line/seeds.js';

const KINDS: readonly Plannable[] = [
  { name: 'kill', hits: 'process', lastsMs: [500, 1_500], weight: 1 },
  { name: 'cut', hits: 'wire', lastsMs: [0, 300], weight: 2 },
  { name: 'partition', hits: 'wire', lastsMs: [1_000, 4_000], weight: 1 },
  { name: 'restart', hits: 'server', lastsMs: [300, 2_000], weight: 1 },
];

const campaign = (parts: Partial<Campaigning> = {}): Campaigning => ({
  seed: 7,
  forMs: 60_000,
  calmMs: 1_000,
  everyMs: 1_000,
  slots: 4,
  kinds: KINDS,
  ...parts,
});

describe('a plan of faults', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(planFaults(campaign())).toEqual(planFaults(campaign()));
    expect(planFaults(campaign({ seed: 8 }))).not.toEqual(planFaults(campaign()));
  });

  it('meets every kind, as often as its weight says', () => {
    const counts = new Map(KINDS.map(({ name }) => [name, 0]));
    for (const { kind } of planFaults(campaign({ forMs: 300_000 }))) counts.set(kind, counts.get(kind)! + 1);
    for (const { name, weight } of KINDS) {
      expect(counts.get(name)! / weight).toBeGreaterThan(0.7 * counts.get('kill')!);
    }
  });

  it('keeps within its time, and leaves one fault at a time to each target', async () => {
    await forEachSeed(50, (_, seed) => {
      const plan = planFaults(campaign({ seed }));
      const endMs = new Map<number | undefined, number>();
      expect(plan.length).toBeGreaterThan(10);
      for (const { kind, atMs, lastsMs, slot, pick } of plan) {
        const { hits } = KINDS.find(({ name }) => name === kind)!;
        expect(slot === undefined).toBe(hits === 'server');
        expect(atMs).toBeGreaterThanOrEqual(Math.max(1_000, endMs.get(slot) ?? 0));
        expect(atMs + lastsMs).toBeLessThanOrEqual(60_000);
        expect(pick).toBeLessThan(1);
        endMs.set(slot, atMs + lastsMs);
      }
    });
  });

  it('lets faults of different targets meet', () => {
    const plan = planFaults(campaign({ everyMs: 500 }));
    const meeting = plan.filter(({ atMs, slot }) =>
      plan.some((one) => one.slot !== slot && one.atMs < atMs && atMs < one.atMs + one.lastsMs),
    );
    expect(meeting.length).toBeGreaterThan(plan.length / 4);
  });

  it('has them one by one in its last part, and nobody suffers from what was before', () => {
    const alone = { fromMs: 100_000, pauseMs: 5_000 };
    const plan = planFaults(campaign({ forMs: 300_000, alone }));
    const last = plan.filter(({ atMs }) => atMs >= 100_000);
    expect(last.length).toBeGreaterThan(20);
    for (const { atMs } of last) {
      const before = plan.filter((one) => one.atMs < atMs);
      expect(Math.max(...before.map((one) => one.atMs + one.lastsMs))).toBeLessThanOrEqual(atMs - 5_000);
    }
  });

  it('has none where nothing can go wrong', () => {
    expect(planFaults(campaign({ kinds: [] }))).toEqual([]);
  });
});
