import { beforeEach, describe, expect, it } from '@jest/globals';
import { LockClosedError, LockLostError } from '../../../lib/errors.js';
import { deferred } from '../../../lib/util/deferred.js';
import { holdersOf, type RuntimeWorld, runtimeWorld, stranger } from './fixture.js';
import { watched } from './watched.js';

let here: RuntimeWorld;
const settle = (): Promise<void> => here.clock.advanceAsync(0);

beforeEach(() => {
  here = runtimeWorld();
});

describe('a drain', () => {
  it('takes no new requests', async () => {
    here.runtime.drain();
    for (const options of [{}, { fair: true }, { waitTime: 0 }]) {
      await expect(here.runtime.acquire('a', options)).rejects.toThrow(LockClosedError);
    }
    await expect(here.runtime.tryAcquire('a')).rejects.toThrow(LockClosedError);
    expect(here.store.commands).toEqual([]);
  });

  it('tells who waits at once, and leaves the line', async () => {
    stranger(here).hold();
    const asked = [{}, { fair: true }].map((options) => watched(here.runtime.acquire('a', options)));
    await here.clock.advanceAsync(100);
    here.runtime.drain();
    await settle();
    expect(asked.map(({ error }) => error instanceof LockClosedError)).toEqual([true, true]);
    expect([here.store.space.inspect('test:a').waiters, here.clock.pending]).toEqual([0, 0]);
  });

  it('lets holders finish, and re-enter, but not take another key', async () => {
    const gate = deferred<void>();
    const working = watched(
      here.runtime.withLock('a', async () => {
        await gate.promise;
        await expect(here.runtime.acquire('b')).rejects.toThrow(LockClosedError);
        return here.runtime.withLock('a', () => 'done');
      }),
    );
    await settle();
    here.runtime.drain();
    await here.clock.advanceAsync(4_000);
    gate.resolve();
    await settle();
    expect(working.value).toBe('done');
  });

  it('keeps nothing of a minHoldTime that was granted to a body that never ran', async () => {
    await here.runtime.start();
    const asked = watched(here.runtime.acquire('a', { minHoldTime: '1m' }));
    // The store has granted it; whoever asked is not told yet.
    for (let step = 0; holdersOf(here).length === 0 && step < 50; step++) await Promise.resolve();
    here.runtime.drain();
    await settle();
    expect(asked.error).toBeInstanceOf(LockClosedError);
    expect(here.store.space.inspect('test:a').holders).toEqual([]);
  });

  it('gives back a grant that was on its way', async () => {
    await here.runtime.start();
    const taken = here.store.takeNext('acquire');
    const asked = watched(here.runtime.acquire('a'));
    await settle();
    taken.command.apply();
    here.runtime.drain();
    await settle();
    taken.command.answer();
    await settle();
    expect(asked.error).toBeInstanceOf(LockClosedError);
    expect(holdersOf(here)).toEqual([]);
  });
});

describe('a shutdown', () => {
  it('with nothing held ends at once and leaves nothing', async () => {
    await here.runtime.withLock('a', () => undefined);
    await here.runtime.shutdown();
    await here.runtime.shutdown();
    expect([here.store.sessions[0]!.isClosed, here.clock.pending]).toEqual([true, 0]);
  });

  it('waits for holders that finish in time', async () => {
    const lock = await here.runtime.acquire('a');
    const closed = watched(here.runtime.shutdown());
    await here.clock.advanceAsync(4_000);
    expect([closed.state, lock.isHeld]).toEqual(['pending', true]);
    await lock.release();
    await settle();
    expect([closed.state, lock.signal.aborted, here.clock.pending]).toEqual(['resolved', false, 0]);
  });

  it('tells holders whose time is spent, and releases what they hold, so that others go on at once', async () => {
    const locks = [await here.runtime.acquire('a'), await here.runtime.acquire('b', { fair: true })];
    const waiting = stranger(here);
    waiting.hold();
    const closed = watched(here.runtime.shutdown());
    await here.clock.advanceAsync(4_999);
    expect(locks.map(({ isHeld }) => isHeld)).toEqual([true, true]);
    await here.clock.advanceAsync(1);
    expect([closed.state, here.clock.pending]).toEqual(['resolved', 0]);
    for (const { signal } of locks) {
      expect(signal.reason).toBeInstanceOf(LockLostError);
      expect((signal.reason as LockLostError).cause).toBeInstanceOf(LockClosedError);
    }
    expect([holdersOf(here, 'test:b'), here.store.space.inspect('test:a').holders]).toEqual([[], []]);
    waiting.hold();
    expect(waiting.isHolding()).toBe(true);
  });

  it('counts the time of the holders from the drain', async () => {
    const lock = await here.runtime.acquire('a');
    here.runtime.drain();
    await here.clock.advanceAsync(3_000);
    const closed = watched(here.runtime.shutdown());
    await here.clock.advanceAsync(2_000);
    expect([closed.state, lock.signal.aborted]).toEqual(['resolved', true]);
  });

  it('has the body that ends well afterwards reject', async () => {
    const gate = deferred<string>();
    const working = watched(here.runtime.withLock('a', () => gate.promise));
    await settle();
    void here.runtime.shutdown();
    await here.clock.advanceAsync(5_000);
    gate.resolve('too late');
    await settle();
    expect(working.error).toBeInstanceOf(LockLostError);
    expect(here.clock.pending).toBe(0);
  });

  it('leaves a minHoldTime running, also of a holder that did not finish', async () => {
    const done = await here.runtime.acquire('a', { minHoldTime: '1m' });
    await done.release();
    await here.runtime.acquire('b', { minHoldTime: '1m' });
    const closed = watched(here.runtime.shutdown());
    await here.clock.advanceAsync(5_000);
    expect(closed.state).toBe('resolved');
    for (const key of ['test:a', 'test:b']) {
      expect(here.store.space.inspect(key).holders).toMatchObject([{ owner: '', restMs: 55_000 }]);
    }
  });

  it('ends though the store does not answer any more', async () => {
    await here.runtime.acquire('a');
    stranger(here, 'test:b').hold();
    const asked = watched(here.runtime.acquire('b'));
    await settle();
    here.store.onCommand = () => true;
    const closed = watched(here.runtime.shutdown());
    await here.clock.advanceAsync(6_000);
    expect([closed.state, asked.state, here.clock.pending]).toEqual(['resolved', 'rejected', 0]);
  });

  it('ends though the store was never reached', async () => {
    here.store.onConnect = () => new Promise(() => undefined);
    const asked = watched(here.runtime.acquire('a'));
    await settle();
    const closed = watched(here.runtime.shutdown());
    await here.clock.advanceAsync(6_000);
    expect([closed.state, asked.state, here.clock.pending]).toEqual(['resolved', 'rejected', 0]);
  });

  it.each([{}, { fair: true }, { waitTime: 0 }])(
    'at any step of a request leaves nothing held and nobody waiting: %j',
    async (options) => {
      for (let steps = 0; steps < 40; steps++) {
        const world = runtimeWorld();
        await world.runtime.start();
        const asked = watched(world.runtime.acquire('a', options));
        for (let step = 0; step < steps; step++) await Promise.resolve();
        const closed = watched(world.runtime.shutdown());
        await world.clock.advanceAsync(5_000);
        const { holders, waiters } = world.store.space.inspect('test:a');
        expect({ steps, holders, waiters, timers: world.clock.pending, closed: closed.state }).toEqual({
          steps,
          holders: [],
          waiters: 0,
          timers: 0,
          closed: 'resolved',
        });
        expect(asked.state).not.toBe('pending');
      }
    },
  );
});
