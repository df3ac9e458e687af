import { describe, expect, it } from '@jest/globals';
import { Heartbeat } from '../../../../../lib/stores/zookeeper/client/heartbeat.js';
import { manualClock } from '../../../../../lib/testing/manual-clock.js';
import { type Deferred, deferred } from '../../../../../lib/util/deferred.js';

function beating() {
  const clock = manualClock();
  const beats: { atMs: number; answer: Deferred<void> }[] = [];
  const silentMs: number[] = [];
  const heartbeat = new Heartbeat({
    clock,
    everyMs: 1_000,
    beat: () => {
      const answer = deferred<void>();
      beats.push({ atMs: clock.nowMs(), answer });
      return answer.promise;
    },
    onSilent: () => silentMs.push(clock.nowMs()),
  });
  return { clock, beats, silentMs, heartbeat };
}

describe('a heartbeat', () => {
  it('is sent in every period while the last one was answered', async () => {
    const { clock, beats, silentMs } = beating();
    for (let period = 0; period < 3; period++) {
      await clock.advanceAsync(1_000);
      beats.at(-1)!.answer.resolve();
    }
    await clock.advanceAsync(0);
    expect(beats.map(({ atMs }) => atMs)).toEqual([1_000, 2_000, 3_000]);
    expect(silentMs).toEqual([]);
  });

  it('that is unanswered when the next is due, and a moment later, says that the connection is dead, once', async () => {
    const { clock, beats, silentMs } = beating();
    await clock.advanceAsync(10_000);
    expect(beats).toHaveLength(1);
    expect(silentMs).toEqual([2_050]);
    expect(clock.pending).toBe(0);
  });

  it('whose answer lay in the socket while the process stood still is believed', async () => {
    const { clock, beats, silentMs } = beating();
    await clock.advanceAsync(2_000);
    beats[0]!.answer.resolve();
    await clock.advanceAsync(1_000);
    expect(silentMs).toEqual([]);
    expect(beats.map(({ atMs }) => atMs)).toEqual([1_000, 2_050]);
  });

  it('leaves no timer when it is stopped', async () => {
    const { clock, beats, heartbeat } = beating();
    await clock.advanceAsync(1_000);
    heartbeat.stop();
    expect(clock.pending).toBe(0);
    await clock.advanceAsync(5_000);
    expect(beats).toHaveLength(1);
  });
});
