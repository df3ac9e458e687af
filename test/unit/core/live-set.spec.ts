import { beforeEach, describe, expect, it } from '@jest/globals';
import type { HeldLock } from '../../../lib/core/held-lock.js';
import { LiveSet } from '../../../lib/core/live-set.js';
import { type ManualClock, manualClock } from '../../../lib/testing/manual-clock.js';
import { watched } from './watched.js';

let clock: ManualClock;
let live: LiveSet<HeldLock>;
/** Only their identity counts here. */
const [a, b] = [{}, {}] as HeldLock[];

beforeEach(() => {
  clock = manualClock();
  live = new LiveSet(clock);
});

describe('the locks that are held here', () => {
  it('are those that were added and not taken away', () => {
    live.add(a!);
    live.add(b!);
    live.delete(a!);
    expect([...live]).toEqual([b]);
  });

  it('are waited for until none is left, and no timer stays', async () => {
    live.add(a!);
    live.add(b!);
    const empty = watched(live.whenEmpty(1_000));
    live.delete(a!);
    await clock.advanceAsync(500);
    expect(empty.state).toBe('pending');
    live.delete(b!);
    await clock.advanceAsync(0);
    expect([empty.state, clock.pending]).toEqual(['resolved', 0]);
  });

  it('are waited for no longer than was said', async () => {
    live.add(a!);
    const empty = watched(live.whenEmpty(1_000));
    await clock.advanceAsync(999);
    expect(empty.state).toBe('pending');
    await clock.advanceAsync(1);
    expect([empty.state, [...live]]).toEqual(['resolved', [a]]);
  });

  it('are not waited for where there are none', async () => {
    await live.whenEmpty(1_000);
    expect(clock.pending).toBe(0);
  });
});
