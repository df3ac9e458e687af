import { describe, expect, it } from '@jest/globals';
import { manualClock } from '../../../lib/testing/manual-clock.js';

describe('manualClock', () => {
  it('stands still until it is moved', () => {
    const clock = manualClock({ startMs: 5, epochUs: 1_000 });
    expect([clock.nowMs(), clock.epochUs()]).toEqual([5, 1_000]);
    clock.advance(1.5);
    expect([clock.nowMs(), clock.epochUs()]).toEqual([6.5, 2_500]);
  });

  it('fires timers in the order in which they fall due, each at its own time', () => {
    const clock = manualClock();
    const fired: string[] = [];
    const note = (name: string) => (): void => void fired.push(`${name}@${clock.nowMs()}`);
    clock.setTimer(20, note('late'));
    clock.setTimer(10, note('early'));
    clock.setTimer(10, note('early too'));
    clock.setTimer(31, note('not yet'));
    clock.advance(30);
    expect(fired).toEqual(['early@10', 'early too@10', 'late@20']);
    expect(clock.nowMs()).toBe(30);
    expect(clock.pending).toBe(1);
  });

  it('fires a timer that a timer sets within the same move', () => {
    const clock = manualClock();
    const fired: number[] = [];
    const tick = (): void => {
      fired.push(clock.nowMs());
      clock.setTimer(10, tick);
    };
    clock.setTimer(10, tick);
    clock.advance(35);
    expect(fired).toEqual([10, 20, 30]);
  });

  it('does not fire what was cleared, and counts it no more', () => {
    const clock = manualClock();
    let hasFired = false;
    const timer = clock.setTimer(10, () => (hasFired = true));
    timer.clear();
    timer.clear();
    expect(clock.pending).toBe(0);
    clock.advance(100);
    expect(hasFired).toBe(false);
  });

  it('never fires after Infinity, and does not count it', () => {
    const clock = manualClock();
    let hasFired = false;
    const timer = clock.setTimer(Infinity, () => {
      hasFired = true;
    });
    expect(clock.pending).toBe(0);
    clock.advance(2 ** 40);
    expect(hasFired).toBe(false);
    timer.clear();
  });

  it('fires at once what was due before it was set', () => {
    const clock = manualClock();
    let firedMs = -1;
    clock.setTimer(-5, () => (firedMs = clock.nowMs()));
    clock.advance(0);
    expect(firedMs).toBe(0);
  });

  it('lets promises go on between timers when it moves asynchronously', async () => {
    const clock = manualClock();
    const order: string[] = [];
    clock.setTimer(10, () => {
      void (async (): Promise<void> => {
        for (let step = 0; step < 50; step++) await Promise.resolve();
        order.push(`promised@${clock.nowMs()}`);
        clock.setTimer(5, () => order.push(`set by it@${clock.nowMs()}`));
      })();
    });
    clock.setTimer(20, () => order.push(`second@${clock.nowMs()}`));
    await clock.advanceAsync(20);
    expect(order).toEqual(['promised@10', 'set by it@15', 'second@20']);
  });

  it('lets promises run that set the first timer', async () => {
    const clock = manualClock();
    let hasFired = false;
    void Promise.resolve().then(() => clock.setTimer(1, () => (hasFired = true)));
    await clock.advanceAsync(1);
    expect(hasFired).toBe(true);
  });
});
