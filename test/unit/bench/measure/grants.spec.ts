import { describe, expect, it } from '@jest/globals';
import { GrantLog, merged, storyOf, within } from '../../../../bench/measure/grants.js';

const logOf = (...grants: [who: number, from: number, until: number][]) => {
  const log = new GrantLog(grants.length);
  for (const grant of grants) log.note(...grant);
  return log.taken();
};

describe('a history of grants', () => {
  it('counts a hand-off where the lock went to another waiter than the last one', () => {
    const story = storyOf(logOf([0, 0, 1], [0, 2, 3], [1, 4, 5], [0, 6, 7]), 3);
    expect(story).toMatchObject({ grants: 4, handOffs: 2, overlaps: 0, starved: 1 });
    expect([...story.latencies]).toEqual([1, 1]);
    expect(story.jain).toBeCloseTo(16 / (3 * 10), 12);
  });

  it('counts a grant that began before the one before had ended as an overlap, not as a hand-off', () => {
    const story = storyOf(logOf([0, 0, 10], [1, 9, 11], [0, 12, 13]), 2);
    expect(story).toMatchObject({ overlaps: 1, handOffs: 1 });
    expect([...story.latencies]).toEqual([1]);
  });

  it('sees an overlap with an earlier grant than the last one', () => {
    expect(storyOf(logOf([0, 0, 10], [1, 2, 3], [2, 5, 6]), 3).overlaps).toBe(2);
  });

  it('is put together from those of several processes, by time', () => {
    const { who, from, until } = merged([logOf([0, 0, 1], [0, 4, 5]), logOf([1, 2, 3], [1, 6, 7])]);
    expect(Array.from(who)).toEqual([0, 1, 0, 1]);
    expect(Array.from(from)).toEqual([0, 2, 4, 6]);
    expect(Array.from(until)).toEqual([1, 3, 5, 7]);
  });

  it('of one process is put in order too: notes are made at the end of a hold', () => {
    const story = storyOf(merged([logOf([1, 5, 6], [0, 1, 9])]), 2);
    expect(story.overlaps).toBe(1);
  });

  it('may be looked at for a time', () => {
    expect(storyOf(within(logOf([0, 0, 1], [1, 2, 3], [0, 4, 5]), 2, 4), 2)).toMatchObject({
      grants: 1,
      starved: 1,
    });
  });

  it('is never cut short', () => {
    const log = new GrantLog(1);
    log.note(0, 0, 1);
    expect(() => log.note(0, 2, 3)).toThrow(RangeError);
  });
});
