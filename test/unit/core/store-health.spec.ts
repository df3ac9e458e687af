import { beforeEach, describe, expect, it } from '@jest/globals';
import { StoreHealth } from '../../../lib/core/store-health.js';
import { type ManualClock, manualClock } from '../../../lib/testing/manual-clock.js';

let clock: ManualClock;
let told: string[];
let looks: number;
let isServing: boolean;
let health: StoreHealth;

beforeEach(() => {
  clock = manualClock();
  told = [];
  looks = 0;
  isServing = true;
  health = new StoreHealth({
    clock,
    look: async () => {
      looks++;
      if (!isServing) throw new Error('down');
    },
    onDown: (error) => told.push(`down: ${(error as Error).message}`),
    onUp: (downMs) => told.push(`up after ${downMs}`),
  });
});

describe('the health of a store', () => {
  it('is not asked after while nothing fails', async () => {
    await clock.advanceAsync(60_000);
    expect([looks, clock.pending]).toEqual([0, 0]);
  });

  it('one bad answer is no outage', async () => {
    health.suspect();
    await clock.advanceAsync(250);
    expect([told, looks, clock.pending]).toEqual([[], 1, 0]);
  });

  it('an outage is told once, however many commands fail, and its end once', async () => {
    isServing = false;
    for (let failure = 0; failure < 1_000; failure++) health.suspect();
    await clock.advanceAsync(250);
    expect([told, health.isDown]).toEqual([['down: down'], true]);
    for (let failure = 0; failure < 1_000; failure++) health.suspect();
    await clock.advanceAsync(4_000);
    expect([told, looks]).toEqual([['down: down'], 5]);
    isServing = true;
    await clock.advanceAsync(1_000);
    expect([told, health.isDown, clock.pending]).toEqual([['down: down', 'up after 5250'], false, 0]);
  });

  it('the next outage is told again', async () => {
    for (const _ of [1, 2]) {
      isServing = false;
      health.suspect();
      await clock.advanceAsync(250);
      isServing = true;
      await clock.advanceAsync(1_000);
    }
    expect(told).toEqual(['down: down', 'up after 1250', 'down: down', 'up after 1250']);
  });

  it('a failure that leaves no doubt is told at once', async () => {
    isServing = false;
    health.fail(new Error('refused'));
    health.fail(new Error('refused'));
    await clock.advanceAsync(1_000);
    expect(told).toEqual(['down: refused']);
  });

  it('closed while it is suspected or down, it leaves no timer', async () => {
    isServing = false;
    health.suspect();
    await clock.advanceAsync(250);
    expect([health.isDown, clock.pending]).toEqual([true, 1]);
    health.close();
    expect(clock.pending).toBe(0);
  });

  it('nothing is told of a look that was under way when it was closed', async () => {
    isServing = false;
    health.suspect();
    clock.advance(250);
    health.close();
    await clock.advanceAsync(5_000);
    health.suspect();
    health.fail(new Error('late'));
    expect([told, clock.pending]).toEqual([[], 0]);
  });
});
