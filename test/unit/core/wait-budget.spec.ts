import { beforeEach, describe, expect, it } from '@jest/globals';
import { WaitBudget, type WaitEnd } from '../../../lib/core/wait-budget.js';
import { type ManualClock, manualClock } from '../../../lib/testing/manual-clock.js';

let clock: ManualClock;
let ends: WaitEnd[];
const note = (end: WaitEnd): void => void ends.push(end);

beforeEach(() => {
  clock = manualClock();
  ends = [];
});

describe('a wait budget', () => {
  it('ends when its time is up, and tells who listens, once', () => {
    const budget = new WaitBudget({ clock, waitMs: 100 });
    budget.listen(note);
    clock.advance(99);
    expect([ends, budget.outcome]).toEqual([[], undefined]);
    clock.advance(1);
    budget.end({ kind: 'error', error: 'late' });
    expect([ends, budget.outcome]).toEqual([[{ kind: 'time' }], { kind: 'time' }]);
    expect(clock.pending).toBe(0);
  });

  it('without an end sets no timer', () => {
    const budget = new WaitBudget({ clock, waitMs: Infinity });
    clock.advance(1e12);
    expect([clock.pending, budget.outcome]).toEqual([0, undefined]);
  });

  it('ends by an abort, with the signal’s reason', () => {
    const controller = new AbortController();
    const budget = new WaitBudget({ clock, waitMs: 100, signal: controller.signal });
    budget.listen(note);
    controller.abort('enough');
    expect(ends).toEqual([{ kind: 'error', error: 'enough' }]);
    expect(clock.pending).toBe(0);
  });

  it('is over from the start where the signal was aborted before', () => {
    const budget = new WaitBudget({ clock, waitMs: 100, signal: AbortSignal.abort('before') });
    expect(budget.outcome).toEqual({ kind: 'error', error: 'before' });
    expect(clock.pending).toBe(0);
  });

  it('tells who listens only after its end', () => {
    const budget = new WaitBudget({ clock, waitMs: 100 });
    budget.end({ kind: 'time' });
    budget.listen(note);
    expect(ends).toEqual([{ kind: 'time' }]);
  });

  it('tells the last listener alone, and nobody who has what it waited for', () => {
    const budget = new WaitBudget({ clock, waitMs: 100 });
    budget.listen(() => ends.push({ kind: 'error', error: 'replaced' }));
    budget.listen(note);
    budget.unlisten();
    clock.advance(100);
    expect(ends).toEqual([]);
    expect(budget.outcome).toEqual({ kind: 'time' });
  });

  it('leaves no timer and no listener on the signal once it is disposed of', () => {
    const controller = new AbortController();
    const budget = new WaitBudget({ clock, waitMs: 100, signal: controller.signal });
    budget.listen(note);
    budget.dispose();
    controller.abort('late');
    clock.advance(200);
    expect([clock.pending, ends, budget.outcome]).toEqual([0, [], undefined]);
  });

  it('counts how long it has waited', () => {
    const budget = new WaitBudget({ clock, waitMs: 100 });
    clock.advance(42.5);
    expect(budget.waitedMs).toBe(42.5);
  });
});
