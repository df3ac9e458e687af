/**
 * Random schedules: processes over a network that delays, loses, repeats and reorders, with cuts, silent partitions,
 * pauses and kills, on a clock of their own. Each seed is one schedule and can be replayed:
 *
 *   SEED=17 npm test -- test/simulation -t storm
 */
import { describe, expect, it } from '@jest/globals';
import { checkHistory } from '../../lib/testing/history-checker.js';
import { Campaign, KEPT_UNSEEN } from './campaign.js';
import { type ClimateName, CLIMATES, type Trial } from './climates.js';

const { SEED, SEEDS } = process.env;

/** Registers the seeds of these climates as tests. */
export function describeSchedules(names: readonly ClimateName[]): void {
  describe.each([...names])('%s', (name) => {
    describeClimate(name, CLIMATES[name]);
  });
}

function describeClimate(name: ClimateName, { climate, promises, seeds }: Trial): void {
  it(`keeps every promise over ${seeds} schedules`, async () => {
    const first = Number(SEED ?? 1);
    const last = Number(SEED ?? SEEDS ?? seeds);
    let grants = 0;
    let places = 0;
    for (let seed = first; seed <= last; seed++) {
      const run = await new Campaign(seed, climate).run();
      grants += run.grants;
      places += run.history.events.filter(({ kind }) => kind === 'queued').length;
      const broken = checkHistory(run.history.events, promises)
        .filter(({ kind, key }) => kind !== 'order' || !KEPT_UNSEEN.has(key))
        .map(({ kind, key, atMs, message }) => `${kind} on ${key} at ${atMs}: ${message}`);
      const faults = [...run.faults, ...broken].slice(0, 8);
      if (faults.length > 0) throw new Error(`${name}, SEED=${seed}:\n  ${faults.join('\n  ')}`);
    }
    // A run in which nothing happened would keep every promise too.
    expect(grants).toBeGreaterThan((last - first + 1) * 20);
    // Over several servers a place says nothing by itself, and is not written down.
    expect(places).toBeGreaterThan(climate.quorum ? -1 : (last - first + 1) * 20);
  }, 600_000);
}
