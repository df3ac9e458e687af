import { describe, expect, it } from '@jest/globals';
import { LockStoreError } from '../../../lib/errors.js';
import { MODE_CAPACITY } from '../../../lib/line/store.js';
import { runtimeWorld, world } from './fixture.js';

describe('the waiters that inspect tells of', () => {
  it('are each request of this process once, whether it has a place in the line or stands behind one', async () => {
    const shared = world();
    const here = runtimeWorld({}, shared);
    const there = runtimeWorld({}, shared);
    const seen = async (): Promise<number[]> => [
      (await here.runtime.inspect('a')).waiters,
      (await there.runtime.inspect('a')).waiters,
    ];
    const held = await here.runtime.acquire('a');
    const mine = here.runtime.acquire('a');
    await shared.clock.advanceAsync(0);
    // The store knows nothing of a request that stands behind the holder in its own process.
    expect(await seen()).toEqual([1, 0]);

    const theirs = [there.runtime.acquire('a'), there.runtime.acquire('a')];
    await shared.clock.advanceAsync(0);
    expect(await seen()).toEqual([2, 2]);

    await held.release();
    await (await mine).release();
    for (const each of theirs) await (await each).release();
    expect(await seen()).toEqual([0, 0]);
  });

  it('are all of this process where the store keeps no line to count', async () => {
    const here = runtimeWorld();
    const capabilities = { ...here.store.capabilities, fairOrder: false };
    Object.defineProperty(here.store, 'capabilities', { value: capabilities });
    const held = await here.runtime.acquire('a');
    const { signal, abort } = abortable();
    const options = [{ signal }, { signal }, { signal, leaseTime: 1_000 }];
    const waits = options.map((one) => here.runtime.acquire('a', one));
    await here.clock.advanceAsync(0);
    const view = { capacity: MODE_CAPACITY, holders: [], waiters: 0 };
    here.store.onNext('inspect', (command) => command.answerWith(view));
    expect((await here.runtime.inspect('a')).waiters).toBe(3);
    abort();
    await Promise.allSettled(waits);
    await held.release();
  });
});

function abortable(): { signal: AbortSignal; abort: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

describe('a failure of the store', () => {
  it('names the key as the caller knows it, without the namespace', async () => {
    const here = runtimeWorld();
    await here.runtime.start();
    const failure = (): LockStoreError =>
      new LockStoreError('Something foreign stands at "test:a".', {
        store: 'scripted',
        operation: 'acquire',
        key: 'test:a',
      });
    for (const verb of ['acquire', 'inspect'] as const) {
      here.store.onNext(verb, (command) => command.fail(failure()));
      const error = await here.runtime[verb]('a').catch((caught: unknown) => caught);
      expect(error).toMatchObject({
        key: 'a',
        code: 'LOCK_STORE',
        message: expect.stringContaining('"test:a"'),
      });
    }
  });
});
