import { beforeEach, describe, expect, it } from '@jest/globals';
import { Hold, LEASE_ENDED, withoutDrift } from '../../../lib/core/hold.js';
import { type ManualClock, manualClock } from '../../../lib/testing/manual-clock.js';

let clock: ManualClock;
let hold: Hold;
let losses: string[];

beforeEach(() => {
  clock = manualClock({ startMs: 1_000 });
  const init = { keys: ['a', 'b'], owner: 'o', leaseMs: 10_000, isRenewed: true, isUncertain: false };
  hold = new Hold(init, clock);
  losses = [];
  hold.onLost = ({ why }) => void losses.push(why);
});

describe('the allowance for drift', () => {
  it('is one per cent of the rest and two milliseconds', () => {
    expect([withoutDrift(10_000), withoutDrift(50), withoutDrift(0)]).toEqual([9_898, 47.5, -2]);
  });
});

describe('a hold', () => {
  it('is believed from the moment the command was sent, not from its answer', () => {
    clock.advance(300);
    hold.grant(1_000, [
      { token: 64, restMs: 10_000 },
      { token: 128, restMs: 10_000 },
    ]);
    expect(hold.deadlineMs).toBe(1_000 + 9_898);
    expect(hold.tokens).toEqual([64, 128]);
  });

  it('of several keys lasts as long as the shortest of them', () => {
    hold.grant(1_000, [
      { token: 64, restMs: 10_000 },
      { token: 128, restMs: 1_000 },
    ]);
    expect(hold.deadlineMs).toBe(1_000 + 988);
  });

  it('is held until its deadline, by the clock, whether a timer came or not', () => {
    hold.grant(1_000, [{ token: 64, restMs: 10_000 }]);
    clock.advance(9_897);
    expect([hold.isHeld, hold.isOpen]).toEqual([true, true]);
    clock.advance(1);
    expect([hold.isHeld, hold.isOpen]).toEqual([false, true]);
  });

  it('is never held where the answer came after its end', () => {
    clock.advance(9_898);
    hold.grant(1_000, [{ token: 64, restMs: 10_000 }]);
    expect(hold.isHeld).toBe(false);
  });

  it('moves its deadline by a confirmation, and not by an older one that comes late', () => {
    hold.grant(1_000, [{ token: 64, restMs: 10_000 }]);
    hold.confirm(5_000, 10_000);
    hold.confirm(4_000, 10_000);
    expect(hold.deadlineMs).toBe(5_000 + 9_898);
  });

  it('is lost once, with the first cause', () => {
    hold.grant(1_000, [{ token: 64, restMs: 10_000 }]);
    hold.lose(LEASE_ENDED);
    hold.lose({ why: 'another', kind: 'not-held' });
    expect(losses).toEqual(['its lease ended']);
    expect([hold.isHeld, hold.isOpen, hold.loss]).toEqual([false, false, LEASE_ENDED]);
  });

  it('that was given back is not held any more and cannot be lost', () => {
    hold.grant(1_000, [{ token: 64, restMs: 10_000 }]);
    hold.give();
    hold.lose(LEASE_ENDED);
    expect([hold.isHeld, hold.loss, losses]).toEqual([false, undefined, []]);
  });

  it('that was lost stays lost when it is given back', () => {
    hold.grant(1_000, [{ token: 64, restMs: 10_000 }]);
    hold.lose(LEASE_ENDED);
    hold.give();
    expect(hold.loss).toBe(LEASE_ENDED);
  });
});
