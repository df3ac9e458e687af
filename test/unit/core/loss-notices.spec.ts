import { beforeEach, describe, expect, it } from '@jest/globals';
import { LossNotices } from '../../../lib/core/loss-notices.js';
import { LockLostError } from '../../../lib/errors.js';
import { type ManualClock, manualClock } from '../../../lib/testing/manual-clock.js';

let clock: ManualClock;
let told: string[];
let notices: LossNotices;
const lossOf = (key: string): LockLostError => new LockLostError(`Lost "${key}".`, { key, fencingToken: 1 });

beforeEach(() => {
  clock = manualClock();
  told = [];
  notices = new LossNotices(clock, (text) => told.push(text));
});

describe('losses', () => {
  it('have a line each, and leave no timer', () => {
    notices.add(lossOf('a'));
    clock.advance(1_000);
    notices.add(lossOf('b'));
    expect([told, clock.pending]).toEqual([['Lost "a".', 'Lost "b".'], 0]);
  });

  it('that come in a burst have one line, and one for the others', () => {
    for (let index = 0; index < 10_000; index++) notices.add(lossOf(`${index}`));
    expect([told, clock.pending]).toEqual([['Lost "0".'], 1]);
    clock.advance(1_000);
    expect(told).toEqual(['Lost "0".', '9999 more were lost within a second.']);
    notices.add(lossOf('later'));
    expect([told.at(-1), clock.pending]).toEqual(['Lost "later".', 0]);
  });

  it('that are not told yet are told at the end', () => {
    notices.add(lossOf('a'));
    notices.add(lossOf('b'));
    notices.close();
    notices.close();
    expect([told, clock.pending]).toEqual([['Lost "a".', '1 more were lost within a second.'], 0]);
  });
});
