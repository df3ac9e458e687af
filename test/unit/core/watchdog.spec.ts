import { beforeEach, describe, expect, it } from '@jest/globals';
import { Hold, withoutDrift } from '../../../lib/core/hold.js';
import { Watchdog } from '../../../lib/core/watchdog.js';
import type { LeaseRequest } from '../../../lib/line/store.js';
import { type ManualClock, manualClock } from '../../../lib/testing/manual-clock.js';
import { type Deferred, deferred } from '../../../lib/util/deferred.js';
import { cut } from './scripted-store.js';

const LEASE_MS = 9_000;
const THIRD_MS = LEASE_MS / 3;

interface Batch extends Deferred<readonly number[]> {
  readonly leases: readonly LeaseRequest[];
  readonly atMs: number;
}

let clock: ManualClock;
let batches: Batch[];
let rounds: string[];
let losses: string[];
let watchdog: Watchdog;
/** Answers a batch at once; undefined leaves it to the test. */
let answer: ((leases: readonly LeaseRequest[]) => readonly number[]) | undefined;
/** What the store's answers leave at least. */
let vouchedMs: number;

beforeEach(() => {
  clock = manualClock();
  [batches, rounds, losses] = [[], [], []];
  vouchedMs = Infinity;
  answer = (leases) => leases.map(({ leaseMs }) => leaseMs || LEASE_MS);
  watchdog = new Watchdog({
    clock,
    watchdogMs: LEASE_MS,
    vouchedMs: () => vouchedMs,
    renew: (leases) => {
      const batch = { ...deferred<readonly number[]>(), leases, atMs: clock.nowMs() };
      batches.push(batch);
      if (answer) batch.resolve(answer(leases));
      return batch.promise;
    },
    onRenewed: (holds, error) => rounds.push(error === undefined ? `${holds} renewed` : `${holds} failed`),
  });
});

/** A hold that was granted now. */
function held(owner: string, changes: Partial<ConstructorParameters<typeof Hold>[0]> = {}): Hold {
  const init = { keys: [owner], owner, leaseMs: LEASE_MS, isRenewed: true, isUncertain: false, ...changes };
  const hold = new Hold(init, clock);
  hold.grant(
    clock.nowMs(),
    init.keys.map((_, index) => ({ token: 64 * (index + 1), restMs: init.leaseMs })),
  );
  hold.onLost = ({ why }) => losses.push(`${owner}@${clock.nowMs()}: ${why}`);
  return hold;
}

function watched(owner: string, changes: Partial<ConstructorParameters<typeof Hold>[0]> = {}): Hold {
  const hold = held(owner, changes);
  watchdog.add(hold);
  return hold;
}

/** The owners in each batch so far. */
const asked = (): string[][] => batches.map(({ leases }) => leases.map(({ owner }) => owner));

describe('a watched hold', () => {
  it('is renewed every third of its lease', async () => {
    const hold = watched('a');
    await clock.advanceAsync(10 * THIRD_MS);
    expect(hold.isHeld).toBe(true);
    expect(batches.length).toBeGreaterThanOrEqual(10);
    expect(batches.length).toBeLessThanOrEqual(11);
    expect(batches[0]!.atMs).toBeLessThanOrEqual(THIRD_MS);
    expect(batches[0]!.leases).toEqual([{ key: 'a', owner: 'a', leaseMs: LEASE_MS }]);
  });

  it('moves its deadline from the moment the renewal was sent, not from its answer', async () => {
    answer = undefined;
    const hold = watched('a');
    await clock.advanceAsync(THIRD_MS);
    const [batch] = batches;
    await clock.advanceAsync(500);
    batch!.resolve([LEASE_MS]);
    await clock.advanceAsync(0);
    expect(hold.deadlineMs).toBe(batch!.atMs + withoutDrift(LEASE_MS));
  });

  it('whose first lease is longer, for a minHoldTime, is renewed for its own lease', async () => {
    const hold = held('a');
    hold.grant(clock.nowMs(), [{ token: 64, restMs: 60_000 }]);
    watchdog.add(hold);
    await clock.advanceAsync(THIRD_MS);
    expect(batches[0]!.leases[0]!.leaseMs).toBe(LEASE_MS);
  });

  it('with a leaseTime is asked after without being lengthened, and ends when it ends', async () => {
    const endsMs = 20_000;
    answer = (leases) => leases.map(() => endsMs - clock.nowMs());
    const hold = watched('a', { isRenewed: false, leaseMs: endsMs });
    await clock.advanceAsync(endsMs);
    expect(batches.length).toBeGreaterThanOrEqual(5);
    expect(batches.flatMap(({ leases }) => leases.map(({ leaseMs }) => leaseMs))).not.toContain(LEASE_MS);
    expect(batches.every(({ leases }) => leases[0]!.leaseMs === 0)).toBe(true);
    expect(losses).toHaveLength(1);
    expect(hold.isHeld).toBe(false);
  });

  it('with a leaseTime learns of its loss within a renewal period', async () => {
    answer = () => [0];
    watched('a', { isRenewed: false, leaseMs: 3_600_000 });
    await clock.advanceAsync(THIRD_MS);
    expect(losses).toEqual([`a@${THIRD_MS}: the store says that it is held no more`]);
  });
});

describe('the one timer', () => {
  it.each([
    ['renewed', { isRenewed: true }],
    ['asked after, with a leaseTime,', { isRenewed: false, leaseMs: 3_600_000 }],
  ])(
    'is %s within a third of what the store vouches for, where that is less than the lease',
    async (_, init) => {
      vouchedMs = LEASE_MS / 10;
      // Sometimes it vouches for more, never for less.
      answer = (leases) => leases.map(() => vouchedMs * (1 + (batches.length % 2)));
      const hold = held('a', init);
      hold.grant(clock.nowMs(), [{ token: 64, restMs: vouchedMs }]);
      watchdog.add(hold);
      await clock.advanceAsync(LEASE_MS);
      expect(losses).toEqual([]);
      expect(hold.isHeld).toBe(true);
      expect(batches.length).toBeGreaterThanOrEqual(30);
      // A store that vouches for little is not asked without a pause.
      expect(batches.length).toBeLessThanOrEqual(40);
    },
  );

  it('is there while somebody is watched, and no longer', () => {
    expect(clock.pending).toBe(0);
    const holds = ['a', 'b', 'c'].map((owner) => watched(owner));
    expect(clock.pending).toBe(1);
    holds.forEach((hold) => watchdog.remove(hold));
    expect([clock.pending, watchdog.size]).toEqual([0, 0]);
  });

  it('is gone when the last one was lost', async () => {
    answer = () => [0];
    watched('a');
    await clock.advanceAsync(THIRD_MS);
    expect([clock.pending, watchdog.size, losses.length]).toEqual([0, 0, 1]);
  });

  it('renews holds of about the same time together', async () => {
    for (const owner of ['a', 'b', 'c']) {
      watched(owner);
      await clock.advanceAsync(400);
    }
    await clock.advanceAsync(THIRD_MS);
    expect(asked()[0]!.sort()).toEqual(['a', 'b', 'c']);
  });

  it('serves 10,000 holds with few commands of at most 256 leases', async () => {
    for (let index = 0; index < 10_000; index++) watched(`owner ${index}`);
    expect(clock.pending).toBe(1);
    await clock.advanceAsync(THIRD_MS);
    expect(batches).toHaveLength(Math.ceil(10_000 / 256));
    expect(Math.max(...batches.map(({ leases }) => leases.length))).toBeLessThanOrEqual(256);
    expect(new Set(asked().flat()).size).toBe(10_000);
    await clock.advanceAsync(2 * THIRD_MS);
    expect(batches.length).toBeLessThanOrEqual(Math.ceil(10_000 / 256) * 4);
    expect(losses).toEqual([]);
  });

  it('keeps the leases of one hold in one command', async () => {
    const keys = Array.from({ length: 200 }, (_, index) => `k${index}`);
    watched('a', { keys });
    watched('b', { keys });
    await clock.advanceAsync(THIRD_MS);
    expect(batches.map(({ leases }) => new Set(leases.map(({ owner }) => owner)))).toEqual([
      new Set(['a']),
      new Set(['b']),
    ]);
  });
});

describe('a renewal that fails', () => {
  it('twice and then is answered keeps the hold', async () => {
    const failing = [cut('renew'), cut('renew')];
    answer = undefined;
    const hold = watched('a');
    for (let ms = 0; ms < 2 * LEASE_MS; ms += 50) {
      await clock.advanceAsync(50);
      for (const batch of batches.splice(0)) {
        const error = failing.pop();
        if (error) batch.reject(error);
        else batch.resolve([LEASE_MS]);
      }
    }
    expect([hold.isHeld, losses]).toEqual([true, []]);
    expect(rounds.slice(0, 3)).toEqual(['1 failed', '1 failed', '1 renewed']);
  });

  it('is tried again soon, not at once and not only after a period', async () => {
    answer = undefined;
    watched('a');
    await clock.advanceAsync(THIRD_MS);
    batches[0]!.reject(cut('renew'));
    await clock.advanceAsync(19);
    expect(batches).toHaveLength(1);
    await clock.advanceAsync(250);
    expect(batches).toHaveLength(2);
  });

  it('until the local deadline loses the hold then, and no earlier', async () => {
    answer = () => {
      throw cut('renew');
    };
    watchdog = new Watchdog({ clock, watchdogMs: LEASE_MS, renew: () => Promise.reject(cut('renew')) });
    const hold = watched('a');
    await clock.advanceAsync(withoutDrift(LEASE_MS) - 0.01);
    expect([hold.isHeld, losses]).toEqual([true, []]);
    await clock.advanceAsync(0.01);
    expect(losses).toEqual([`a@${withoutDrift(LEASE_MS)}: its lease ended`]);
    expect(clock.pending).toBe(0);
  });

  it('by never being answered loses the hold at its deadline', async () => {
    answer = undefined;
    watched('a');
    await clock.advanceAsync(LEASE_MS);
    expect(losses).toEqual([`a@${withoutDrift(LEASE_MS)}: its lease ended`]);
  });

  it('for a part of a batch is tried again soon for that part, whose deadline stays', async () => {
    const [reached, unknown] = [watched('reached'), watched('unknown')];
    const before = unknown.deadlineMs;
    answer = (leases) => leases.map(({ owner }) => (owner === 'unknown' ? NaN : LEASE_MS));
    await clock.advanceAsync(THIRD_MS);
    expect(asked()).toEqual([['reached', 'unknown']]);
    expect(reached.deadlineMs).toBe(batches[0]!.atMs + withoutDrift(LEASE_MS));
    expect(unknown.deadlineMs).toBe(before);
    await clock.advanceAsync(THIRD_MS / 4);
    expect(new Set(asked().slice(1).flat())).toEqual(new Set(['unknown']));
    await clock.advanceAsync(LEASE_MS);
    expect(losses).toEqual([`unknown@${before}: its lease ended`]);
    expect(reached.isHeld).toBe(true);
  });

  it('takes no other hold with it', async () => {
    const keys = Array.from({ length: 200 }, (_, index) => `k${index}`);
    answer = undefined;
    watched('a', { keys });
    const other = watched('b', { keys });
    await clock.advanceAsync(THIRD_MS);
    batches[0]!.reject(cut('renew'));
    batches[1]!.resolve(keys.map(() => LEASE_MS));
    answer = (leases) => leases.map(() => LEASE_MS);
    await clock.advanceAsync(THIRD_MS);
    expect([other.isHeld, losses]).toEqual([true, []]);
  });
});

describe('the answer "not yours"', () => {
  it('is a loss at once, and final', async () => {
    answer = () => [0];
    const hold = watched('a');
    await clock.advanceAsync(THIRD_MS);
    expect(losses).toEqual([`a@${batches[0]!.atMs}: the store says that it is held no more`]);
    await clock.advanceAsync(LEASE_MS);
    expect([batches.length, hold.isOpen]).toEqual([1, false]);
  });

  it('for one key of several loses all', async () => {
    answer = () => [LEASE_MS, 0, LEASE_MS];
    watched('a', { keys: ['x', 'y', 'z'] });
    await clock.advanceAsync(THIRD_MS);
    expect(losses).toHaveLength(1);
  });

  it('for one hold leaves the others of its batch', async () => {
    answer = (leases) => leases.map(({ owner }) => (owner === 'b' ? 0 : LEASE_MS));
    const holds = ['a', 'b', 'c'].map((owner) => watched(owner));
    await clock.advanceAsync(THIRD_MS);
    expect(holds.map(({ isHeld }) => isHeld)).toEqual([true, false, true]);
  });

  it('is what a rest that is missing means', async () => {
    answer = () => [LEASE_MS];
    const holds = ['a', 'b'].map((owner) => watched(owner));
    await clock.advanceAsync(THIRD_MS);
    expect(holds.map(({ isHeld }) => isHeld)).toEqual([true, false]);
  });
});

describe('after a release', () => {
  it('nothing renews any more, though an answer comes later', async () => {
    answer = undefined;
    const hold = watched('a');
    await clock.advanceAsync(THIRD_MS);
    const { deadlineMs } = hold;
    hold.give();
    watchdog.remove(hold);
    batches[0]!.resolve([LEASE_MS]);
    await clock.advanceAsync(3 * LEASE_MS);
    expect([batches.length, hold.deadlineMs, clock.pending]).toEqual([1, deadlineMs, 0]);
  });

  it('an answer "not yours" is no loss', async () => {
    answer = undefined;
    const hold = watched('a');
    await clock.advanceAsync(THIRD_MS);
    hold.give();
    watchdog.remove(hold);
    batches[0]!.resolve([0]);
    await clock.advanceAsync(LEASE_MS);
    expect(losses).toEqual([]);
  });

  it('a failed renewal is not tried again', async () => {
    answer = undefined;
    const hold = watched('a');
    await clock.advanceAsync(THIRD_MS);
    hold.give();
    watchdog.remove(hold);
    batches[0]!.reject(cut('renew'));
    await clock.advanceAsync(LEASE_MS);
    expect([batches.length, clock.pending]).toEqual([1, 0]);
  });
});

describe('a word from the store', () => {
  it('that messages may have been missed has every hold asked for at once', () => {
    ['a', 'b'].forEach((owner) => watched(owner));
    watchdog.renewAll();
    expect(asked()).toEqual([['a', 'b']]);
  });

  it('that a hold may be gone has that one asked for at once', async () => {
    ['a', 'b'].forEach((owner) => watched(owner));
    answer = () => [0];
    watchdog.suspect('b');
    watchdog.suspect('nobody');
    await clock.advanceAsync(0);
    expect(asked()).toEqual([['b']]);
    expect(losses).toEqual(['b@0: the store says that it is held no more']);
  });

  it('is not believed without an answer', async () => {
    const hold = watched('a');
    watchdog.suspect('a');
    await clock.advanceAsync(0);
    expect([hold.isHeld, losses]).toEqual([true, []]);
  });
});

describe('extend', () => {
  it('lengthens the lease once, and the watchdog goes on', async () => {
    const hold = watched('a');
    await expect(watchdog.extend(hold, 60_000)).resolves.toBe(true);
    expect(batches[0]!.leases).toEqual([{ key: 'a', owner: 'a', leaseMs: 60_000 }]);
    expect(hold.deadlineMs).toBe(withoutDrift(60_000));
    await clock.advanceAsync(THIRD_MS);
    expect(batches.length).toBeGreaterThan(1);
  });

  it('of a hold that the store does not know is a loss', async () => {
    const hold = watched('a');
    answer = () => [0];
    await expect(watchdog.extend(hold, 60_000)).resolves.toBe(false);
    expect(losses).toHaveLength(1);
  });

  it('rejects where the store fails, and loses nothing', async () => {
    const hold = watched('a');
    answer = undefined;
    const extended = watchdog.extend(hold, 60_000);
    batches[0]!.reject(cut('renew'));
    await expect(extended).rejects.toMatchObject({ code: 'LOCK_STORE' });
    expect([hold.isHeld, losses]).toEqual([true, []]);
  });

  it('changes nothing where the hold was given back meanwhile', async () => {
    answer = undefined;
    const hold = watched('a');
    const extended = watchdog.extend(hold, 60_000);
    hold.give();
    watchdog.remove(hold);
    batches[0]!.resolve([60_000]);
    await expect(extended).resolves.toBe(false);
    expect(clock.pending).toBe(0);
  });
});
