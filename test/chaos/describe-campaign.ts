import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ClientProgram } from '../support/client-program.js';
import { seeds } from '../support/seeded.js';
import { Campaign } from './campaign.js';
import { judge } from './judge.js';
import { reportOf } from './report.js';
import { TOPOLOGIES } from './topologies.js';

export interface ShortCampaign {
  /** Default 4,500. */
  readonly forMs?: number;
  /** Default 1,200. */
  readonly watchdogMs?: number;
}

/**
 * The campaign in short, with short leases and one fault upon the other: `SEED=17 npm test -- test/chaos/redis` runs
 * another, `npm run chaos -- --store redis` a long one.
 */
export function describeCampaign(
  name: string,
  { forMs = 4_500, watchdogMs = 1_200 }: ShortCampaign = {},
): void {
  const topology = TOPOLOGIES.get(name)!;
  let program: ClientProgram;
  beforeAll(() => {
    program = ClientProgram.build();
  });
  afterAll(() => {
    program.remove();
  });

  describe(`processes that share ${topology.title}, to which everything happens`, () => {
    it.each(seeds(1))('see every promise kept: seed %d', async (seed) => {
      const told: string[] = [];
      const campaign = await Campaign.run({
        topology,
        program,
        seed,
        forMs,
        watchdogMs,
        everyMs: 200,
        onProgress: (text) => told.push(text),
      });
      const verdict = judge(campaign);
      const { rows } = reportOf(campaign, verdict);
      expect({ faults: verdict.faults, told: verdict.faults.length > 0 ? told : [] }).toEqual({
        faults: [],
        told: [],
      });
      // Where nothing is granted, or nothing happens, every promise is kept too.
      expect(rows[0]!.acquisitions).toBeGreaterThan(20);
      expect(rows.length).toBeGreaterThan(2);
    });
  });
}
