import { describe, expect, it } from '@jest/globals';
import { Poller } from '../../../../lib/stores/sql/poller.js';
import { manualClock } from '../../../../lib/testing/manual-clock.js';

function watched() {
  const clock = manualClock();
  const asked: { atMs: number; waiters: [string, string][] }[] = [];
  const heard: string[] = [];
  let called: readonly string[] = [];
  let isDown = false;
  let mark = '0';
  const poller = new Poller({
    clock,
    ask: async (waiters) => {
      asked.push({ atMs: clock.nowMs(), waiters: [...waiters] });
      if (isDown) throw new Error('down');
      return { mark, called };
    },
    onCalled: (owner) => heard.push(owner),
  });
  const call = (...owners: string[]): void => void (called = owners);
  const grant = (): void => void (mark += '1');
  const fail = (is: boolean): void => void (isDown = is);
  return { clock, poller, asked, heard, call, grant, fail, times: () => asked.map(({ atMs }) => atMs) };
}

describe('the poll of a session that hears nothing', () => {
  it('asks for all who wait in one statement, less and less often while nothing changes', async () => {
    const { clock, poller, asked, times } = watched();
    poller.start();
    poller.watch('one', 'a');
    poller.watch('two', 'b');
    await clock.advanceAsync(500);
    expect(asked[0]!.waiters).toEqual([
      ['one', 'a'],
      ['two', 'b'],
    ]);
    expect(times()).toEqual([5, 10, 20, 40, 80, 160, 260, 360, 460]);
  });

  it('is quick again when somebody is called, and when somebody begins to wait', async () => {
    const { clock, poller, heard, call, times } = watched();
    poller.start();
    poller.watch('one', 'a');
    await clock.advanceAsync(200);
    call('one');
    await clock.advanceAsync(70);
    expect(heard[0]).toBe('one');
    expect(times().slice(6, 8)).toEqual([260, 265]);
    call();
    await clock.advanceAsync(1_000);
    const before = times().length;
    poller.watch('two', 'a');
    await clock.advanceAsync(5);
    expect(times()).toHaveLength(before + 1);
  });

  it('is quick again when somebody else is granted the key: it may be its turn soon', async () => {
    const { clock, poller, grant, times } = watched();
    poller.start();
    poller.watch('one', 'a');
    await clock.advanceAsync(265);
    grant();
    await clock.advanceAsync(110);
    expect(times().slice(-3)).toEqual([360, 365, 375]);
  });

  it('is not put off by those who ask all the time', async () => {
    const { clock, poller, times } = watched();
    poller.start();
    for (let ms = 0; ms < 20; ms++) {
      poller.watch(`owner${ms}`, 'a');
      await clock.advanceAsync(1);
    }
    expect(times().length).toBeGreaterThan(0);
  });

  it('asks nothing where nobody waits, and again when somebody does', async () => {
    const { clock, poller, asked } = watched();
    poller.start();
    poller.watch('one', 'a');
    poller.forget('one');
    await clock.advanceAsync(1_000);
    expect(asked).toEqual([]);
    expect(clock.pending).toBe(0);
    poller.watch('two', 'a');
    await clock.advanceAsync(5);
    expect(asked).toHaveLength(1);
  });

  it('goes on after a failure', async () => {
    const { clock, poller, asked, fail, heard, call } = watched();
    poller.start();
    poller.watch('one', 'a');
    fail(true);
    await clock.advanceAsync(20);
    fail(false);
    call('one');
    await clock.advanceAsync(100);
    expect(asked.length).toBeGreaterThan(2);
    expect(heard).toContain('one');
  });

  it('asks nothing while messages come, and leaves no timer when it is stopped', async () => {
    const { clock, poller, asked } = watched();
    poller.watch('one', 'a');
    await clock.advanceAsync(1_000);
    expect(asked).toEqual([]);
    poller.start();
    poller.stop();
    await clock.advanceAsync(1_000);
    expect([asked, clock.pending]).toEqual([[], 0]);
  });
});
