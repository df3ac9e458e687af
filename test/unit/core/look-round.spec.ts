import { beforeEach, describe, expect, it } from '@jest/globals';
import { type Look, LookRound } from '../../../lib/core/look-round.js';
import { type ManualClock, manualClock } from '../../../lib/testing/manual-clock.js';

let clock: ManualClock;
let drawn: number;
let round: LookRound;
let woken: string[];

beforeEach(() => {
  clock = manualClock();
  drawn = 0;
  woken = [];
  round = new LookRound(clock, () => drawn);
});

/** Sleeps, and notes when it woke. */
async function sleep(name: string, look: Look, mostMs = 60_000): Promise<void> {
  round.start();
  await look.sleep(mostMs, () => undefined);
  woken.push(`${name}@${clock.nowMs()}`);
}

describe('a round of looks', () => {
  it.each([
    [0, 600],
    [0.5, 675],
    [0.999, 749.85],
  ])('goes round after 600 to 750 ms: drawn %d, after %d', async (random, ms) => {
    drawn = random;
    void sleep('a', round.enter('a'));
    await clock.advanceAsync(ms - 0.01);
    expect(woken).toEqual([]);
    await clock.advanceAsync(0.01);
    expect(woken).toEqual([`a@${ms}`]);
  });

  it('wakes all who wait at once, with one timer', async () => {
    for (const name of ['a', 'b', 'c']) void sleep(name, round.enter(name), Infinity);
    expect(clock.pending).toBe(1);
    await clock.advanceAsync(600);
    expect(woken).toEqual(['a@600', 'b@600', 'c@600']);
  });

  it('is drawn anew each time', async () => {
    const look = round.enter('a');
    void sleep('a', look);
    await clock.advanceAsync(600);
    drawn = 0.999;
    look.heed();
    void sleep('a', look);
    // The second round began when the first ended.
    await clock.advanceAsync(600);
    look.heed();
    void sleep('a', look);
    await clock.advanceAsync(749.85);
    expect(woken).toEqual(['a@600', 'a@1200', 'a@1949.85']);
  });

  it('leaves no timer when the last has left', async () => {
    const looks = ['a', 'b'].map((name) => round.enter(name));
    looks.forEach((look) => void sleep('x', look, Infinity));
    round.leave('a');
    expect(clock.pending).toBe(1);
    round.leave('b');
    expect(clock.pending).toBe(0);
  });
});

describe('a waiter’s ear', () => {
  it('is woken by a call for its owner, and by no other', async () => {
    void sleep('a', round.enter('a'));
    void sleep('b', round.enter('b'));
    round.call('b');
    round.call('nobody');
    await clock.advanceAsync(0);
    expect(woken).toEqual(['b@0']);
  });

  it('is woken by a call for all', async () => {
    void sleep('a', round.enter('a'));
    void sleep('b', round.enter('b'));
    round.callAll();
    await clock.advanceAsync(0);
    expect(woken).toEqual(['a@0', 'b@0']);
  });

  it('keeps a call that comes while it is awake: the next sleep ends at once', async () => {
    const look = round.enter('a');
    look.heed();
    round.call('a');
    void sleep('a', look);
    await clock.advanceAsync(0);
    expect(woken).toEqual(['a@0']);
  });

  it('forgets a call that the attempt after it answers anyway', async () => {
    const look = round.enter('a');
    round.call('a');
    look.heed();
    void sleep('a', look);
    await clock.advanceAsync(599);
    expect(woken).toEqual([]);
  });

  it('wakes at the end of the rest it was told, and leaves no timer', async () => {
    const look = round.enter('a');
    void sleep('a', look, 100);
    await clock.advanceAsync(100);
    round.leave('a');
    expect([woken, clock.pending]).toEqual([['a@100'], 0]);
  });

  it('wakes when it is interrupted, and leaves no timer', async () => {
    const look = round.enter('a');
    let interrupt!: () => void;
    const slept = look.sleep(1_000, (wake) => (interrupt = wake));
    interrupt();
    interrupt();
    await slept;
    expect(clock.pending).toBe(0);
  });
});
