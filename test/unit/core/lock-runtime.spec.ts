import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { withoutDrift } from '../../../lib/core/hold.js';
import type { LockHandle } from '../../../lib/core/lock-handle.js';
import { LockRuntime } from '../../../lib/core/lock-runtime.js';
import { frames } from '../../../lib/core/re-entry.js';
import { LockConfigError, LockLostError, LockStoreError, LockTimeoutError } from '../../../lib/errors.js';
import { deferred } from '../../../lib/util/deferred.js';
import { holdersOf, type RuntimeWorld, runtimeWorld, stranger, world } from './fixture.js';
import { cut, refusal } from './scripted-store.js';
import { watched } from './watched.js';

let here: RuntimeWorld;
const settle = (): Promise<void> => here.clock.advanceAsync(0);

beforeEach(() => {
  here = runtimeWorld();
});

describe('withLock', () => {
  it('runs the work while the lock is held and resolves with its result after the release', async () => {
    const result = await here.runtime.withLock('a', (lock) => {
      expect([lock.isHeld, holdersOf(here)]).toEqual([true, [lock.owner]]);
      return 'done';
    });
    expect([result, holdersOf(here), here.clock.pending]).toEqual(['done', [], 0]);
  });

  it('rejects with the error of the work, thrown at once or later, after the release', async () => {
    const failure = new Error('the work failed');
    const fails = (): never => {
      throw failure;
    };
    await expect(here.runtime.withLock('a', fails)).rejects.toBe(failure);
    await expect(here.runtime.withLock('a', {}, () => Promise.reject(failure))).rejects.toBe(failure);
    expect(holdersOf(here)).toEqual([]);
  });

  it('rejects with LockLostError where the work ended well after the loss', async () => {
    const done = deferred<string>();
    const working = watched(here.runtime.withLock('a', () => done.promise));
    await settle();
    here.store.space.forceRelease('test:a');
    await settle();
    done.resolve('well');
    await settle();
    expect(working.error).toBeInstanceOf(LockLostError);
    expect(working.error).toMatchObject({ key: 'a', code: 'LOCK_LOST' });
  });

  it('rejects with the work’s own error also after a loss', async () => {
    const done = deferred<string>();
    const working = watched(here.runtime.withLock('a', () => done.promise));
    await settle();
    here.store.space.forceRelease('test:a');
    await settle();
    done.reject(new Error('its own'));
    await settle();
    expect(working.error).toMatchObject({ message: 'its own' });
  });

  it('never takes the end of a lease for granted because no timer came', async () => {
    const working = here.runtime.withLock('a', { leaseTime: 1_000 }, (lock) => {
      const { clock } = here;
      const stuck = clock.nowMs.bind(clock);
      clock.nowMs = () => stuck() + 1_000;
      expect(lock.isHeld).toBe(false);
      return 'too late';
    });
    await expect(working).rejects.toThrow(LockLostError);
  });

  it('never has its result or error hidden by a release that fails', async () => {
    here.store.onCommand = (command) => {
      if (command.verb === 'release') command.fail(refusal('release'));
      return command.verb === 'release';
    };
    await expect(here.runtime.withLock('a', () => 'done')).resolves.toBe('done');
    await expect(here.runtime.withLock('b', () => Promise.reject(new Error('own')))).rejects.toThrow('own');
  });

  it('waits for a release that is not answered until the local deadline, not longer', async () => {
    here.store.takeNext('release');
    const working = watched(here.runtime.withLock('a', () => 'done'));
    await here.clock.advanceAsync(withoutDrift(10_000) - 1);
    expect(working.state).toBe('pending');
    await here.clock.advanceAsync(1);
    expect(working.value).toBe('done');
  });

  it('does not run the work where the lock is busy, the store fails or an option is bad', async () => {
    let runs = 0;
    const work = (): number => runs++;
    stranger(here).hold();
    await expect(here.runtime.withLock('a', { waitTime: 0 }, work)).rejects.toThrow(LockTimeoutError);
    here.store.onNext('acquire', (command) => command.fail(refusal()));
    await expect(here.runtime.withLock('b', work)).rejects.toThrow(LockStoreError);
    await expect(here.runtime.withLock('b', { waitTime: -1 }, work)).rejects.toThrow(LockConfigError);
    await expect(here.runtime.withLock('b', { store: 'none' }, work)).rejects.toMatchObject({
      option: 'store',
    });
    expect(runs).toBe(0);
  });
});

describe('a request that is given up', () => {
  it('before it is made leaves the store untouched', async () => {
    const reason = new Error('given up');
    await expect(here.runtime.acquire('a', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect([here.store.connects, here.store.commands]).toEqual([0, []]);
  });

  it.each([{}, { fair: true }])(
    'while it waits rejects with the signal’s reason and leaves the line: %j',
    async (options) => {
      stranger(here).hold();
      const controller = new AbortController();
      const asked = watched(here.runtime.acquire('a', { ...options, signal: controller.signal }));
      await here.clock.advanceAsync(100);
      controller.abort('enough');
      await settle();
      expect(asked.error).toBe('enough');
      expect([here.store.space.inspect('test:a').waiters, here.clock.pending]).toEqual([0, 0]);
    },
  );

  it.each([{}, { fair: true }])('while its grant is on the way gives it back: %j', async (options) => {
    await here.runtime.start();
    const taken = here.store.takeNext('acquire');
    const controller = new AbortController();
    const asked = watched(here.runtime.acquire('a', { ...options, signal: controller.signal }));
    await settle();
    taken.command.apply();
    controller.abort('enough');
    await settle();
    taken.command.answer();
    await settle();
    expect(asked.error).toBe('enough');
    expect([holdersOf(here), here.clock.pending]).toEqual([[], 0]);
  });

  it('after the grant changes nothing', async () => {
    const controller = new AbortController();
    const lock = await here.runtime.acquire('a', { signal: controller.signal });
    controller.abort('late');
    await settle();
    expect([lock.isHeld, lock.signal.aborted]).toEqual([true, false]);
  });
});

describe('a wait that ends', () => {
  it('says how long it was, for which key, and what to do', async () => {
    stranger(here).hold();
    const asked = watched(here.runtime.acquire('a', { waitTime: '2s' }));
    await here.clock.advanceAsync(2_000);
    expect(asked.error).toBeInstanceOf(LockTimeoutError);
    expect(asked.error).toMatchObject({ key: 'a', waitedMs: 2_000 });
    expect(String(asked.error)).toMatch(
      /Lock "a" is still held by another owner after 2000 ms\. Raise waitTime/,
    );
  });

  it('is the module’s, where none is given', async () => {
    stranger(here).hold();
    const asked = watched(here.runtime.acquire('a'));
    await here.clock.advanceAsync(4_999);
    expect(asked.state).toBe('pending');
    await here.clock.advanceAsync(1);
    expect(asked.error).toBeInstanceOf(LockTimeoutError);
  });

  it('never ends where it is Infinity', async () => {
    const other = stranger(here);
    other.hold();
    const asked = watched(here.runtime.acquire('a', { waitTime: Infinity }));
    await here.clock.advanceAsync(600_000);
    expect(asked.state).toBe('pending');
    other.release();
    await settle();
    expect(asked.value?.isHeld).toBe(true);
  });

  it('counts connecting as well: down is not busy', async () => {
    here.store.onConnect = () => new Promise(() => undefined);
    const asked = watched(here.runtime.acquire('a', { waitTime: '2s' }));
    await here.clock.advanceAsync(2_025);
    expect(asked.error).toBeInstanceOf(LockStoreError);
  });
});

describe('a request that found it busy', () => {
  it.each([{}, { fair: true }])('tells when the lease of the holder ends, asked with %j', async (options) => {
    stranger(here).hold();
    const asked = watched(here.runtime.acquire('a', { ...options, waitTime: 100 }));
    await here.clock.advanceAsync(100);
    expect(asked.error).toBeInstanceOf(LockTimeoutError);
    expect((asked.error as LockTimeoutError).retryAfterMs).toBeGreaterThan(9_000);
  });

  it('behind a holder of its own process tells it too', async () => {
    await here.runtime.acquire('a');
    const asked = watched(here.runtime.acquire('a', { waitTime: 100 }));
    await here.clock.advanceAsync(100);
    expect((asked.error as LockTimeoutError).retryAfterMs).toBeCloseTo(withoutDrift(10_000) - 100);
  });
});

describe('a request that found it busy, of a store that cannot tell when that ends', () => {
  it('tells nothing: no client is to come back after an infinite time', async () => {
    const other = stranger(here);
    other.hold(Infinity);
    const asked = watched(here.runtime.acquire('a', { waitTime: 100 }));
    await here.clock.advanceAsync(100);
    expect(asked.error).toBeInstanceOf(LockTimeoutError);
    expect((asked.error as LockTimeoutError).retryAfterMs).toBeUndefined();
  });
});

describe('tryAcquire', () => {
  it('is null where somebody else holds, without waiting and without a place', async () => {
    stranger(here).hold();
    await expect(here.runtime.tryAcquire('a')).resolves.toBeNull();
    expect(here.store.space.inspect('test:a').waiters).toBe(0);
  });

  it('waits where it is told to, and is null then', async () => {
    stranger(here).hold();
    const asked = watched(here.runtime.tryAcquire('a', { waitTime: 500 }));
    await here.clock.advanceAsync(499);
    expect(asked.state).toBe('pending');
    await here.clock.advanceAsync(1);
    expect(asked.value).toBeNull();
  });

  it('is the hold where the lock is free', async () => {
    const lock = await here.runtime.tryAcquire('a');
    expect(lock?.isHeld).toBe(true);
  });

  it('never turns another error into null', async () => {
    here.store.onCommand = (command) => {
      command.fail(cut());
      return true;
    };
    const asked = watched(here.runtime.tryAcquire('a'));
    await here.clock.advanceAsync(3_000);
    expect(asked.error).toBeInstanceOf(LockStoreError);
    await expect(here.runtime.tryAcquire('')).rejects.toMatchObject({ code: 'LOCK_KEY' });
  });
});

describe('a handle', () => {
  it('tells keys, owner, tokens and what is left', async () => {
    const lock = await here.runtime.acquire(['b', 'a', 'b']);
    const tokens = ['a', 'b'].map((key) => here.store.space.inspect(`test:${key}`).holders[0]!.token);
    expect([lock.key, lock.keys, lock.owner]).toEqual(['a', ['a', 'b'], holdersOf(here)[0]]);
    expect(['a', 'b'].map((key) => lock.fencingTokenOf(key))).toEqual(tokens);
    expect(() => lock.fencingToken).toThrow(LockConfigError);
    expect(() => lock.fencingTokenOf('c')).toThrow(LockConfigError);
    expect(lock.remainingMs()).toBe(withoutDrift(10_000));
  });

  it('after the release holds nothing, and releases nothing a second time', async () => {
    const lock = await here.runtime.acquire('a');
    await lock.release();
    await lock.release();
    expect([lock.isHeld, lock.remainingMs(), here.store.sent('release').length]).toEqual([false, 0, 1]);
    expect(() => lock.assertHeld()).toThrow(LockLostError);
    await expect(lock.extend('1m')).rejects.toThrow(LockLostError);
    expect([here.store.sent('renew'), lock.signal.aborted]).toEqual([[], false]);
  });

  it('of several keys that was lost by one is released when the store has given back the others', async () => {
    const lock = await here.runtime.acquire(['a', 'b']);
    here.store.space.forceRelease('test:b');
    await settle();
    expect(lock.isHeld).toBe(false);
    const release = here.store.takeNext('release');
    const releasing = watched(lock.release());
    await settle();
    expect(releasing.state).toBe('pending');
    release.command.answer();
    await settle();
    expect([releasing.state, holdersOf(here)]).toEqual(['resolved', []]);
  });

  it('is released at the end of its block', async () => {
    const lock = await here.runtime.acquire('a');
    await lock[Symbol.asyncDispose]();
    expect(holdersOf(here)).toEqual([]);
  });

  it('aborts its signal once, at the local deadline, with key, token and cause', async () => {
    const lock = await here.runtime.acquire('a', { leaseTime: 1_000 });
    let aborts = 0;
    lock.signal.addEventListener('abort', () => aborts++);
    await here.clock.advanceAsync(withoutDrift(1_000) - 0.01);
    expect([lock.isHeld, aborts]).toEqual([true, 0]);
    await here.clock.advanceAsync(5_000);
    expect([lock.isHeld, aborts]).toEqual([false, 1]);
    expect(lock.signal.reason).toBeInstanceOf(LockLostError);
    expect(lock.signal.reason).toMatchObject({ key: 'a', fencingToken: lock.fencingToken });
    expect(() => lock.assertHeld()).toThrow(lock.signal.reason as LockLostError);
  });

  it('whose signal is asked for only after the loss is aborted already', async () => {
    const lock = await here.runtime.acquire('a', { leaseTime: 1_000 });
    await here.clock.advanceAsync(1_000);
    expect(lock.signal.aborted).toBe(true);
  });

  it('extends its lease and never shortens it', async () => {
    const lock = await here.runtime.acquire('a', { leaseTime: '1m' });
    await lock.extend('10s');
    expect(lock.remainingMs()).toBe(withoutDrift(60_000));
    await lock.extend('2m');
    expect(lock.remainingMs()).toBe(withoutDrift(120_000));
    await expect(lock.extend(10)).rejects.toMatchObject({ option: 'leaseTime' });
  });

  it('whose extension is not answered rejects when the hold is lost', async () => {
    const lock = await here.runtime.acquire('a', { leaseTime: '1s' });
    here.store.onCommand = ({ verb }) => verb === 'renew';
    const extended = watched(lock.extend('1m'));
    await here.clock.advanceAsync(withoutDrift(1_000) - 1);
    expect(extended.state).toBe('pending');
    await here.clock.advanceAsync(1);
    expect(extended.error).toBeInstanceOf(LockLostError);
  });

  it.each([{}, { fair: true }])(
    'that is lost while a command of its owner is unanswered has the owner refused: %j',
    async (options) => {
      let late: { apply(): unknown } | undefined;
      here.store.onNext('acquire', (command) => {
        late = command;
        command.fail();
      });
      const asked = watched(here.runtime.acquire('a', options));
      await here.clock.advanceAsync(25);
      here.store.space.forceRelease('test:a');
      await settle();
      expect(asked.value?.isHeld).toBe(false);
      late!.apply();
      expect(holdersOf(here)).toEqual([]);
    },
  );

  it('whose listener throws tells the log, not the process', async () => {
    const lock = await here.runtime.acquire('a');
    lock.signal.addEventListener('abort', () => {
      throw new Error('a bad listener');
    });
    here.store.space.forceRelease('test:a');
    await settle();
    expect(here.notices).toEqual([
      expect.stringMatching(/^warn: Lock "a" was lost/),
      'error: A listener of lock.signal failed: Error: a bad listener',
    ]);
  });
});

describe('inspect and forceRelease', () => {
  const shown = async (options: object): Promise<unknown> => {
    const lock = await here.runtime.acquire('a', options);
    const { holders } = await here.runtime.inspect('a');
    expect(holders).toMatchObject([
      { owner: lock.owner, fencingToken: lock.fencingToken, remainingMs: 10_000 },
    ]);
    await lock.release();
    return { mode: holders[0]!.mode, weight: holders[0]!.weight };
  };

  it('tell mode and weight in the caller’s words', async () => {
    expect(await shown({})).toEqual({ mode: 'exclusive', weight: 1 });
    expect(await shown({ mode: 'shared' })).toEqual({ mode: 'shared', weight: 1 });
    expect(await shown({ permits: 5, weight: 2 })).toEqual({ mode: 'shared', weight: 2 });
    expect(await shown({ permits: 5, weight: 5 })).toEqual({ mode: 'exclusive', weight: 5 });
  });

  it('tell how many wait, under the caller’s key', async () => {
    stranger(here).hold();
    void here.runtime.acquire('a', { fair: true }).catch(() => undefined);
    await settle();
    expect(await here.runtime.inspect('a')).toMatchObject({ key: 'a', waiters: 1 });
    expect(await here.runtime.inspect('free')).toEqual({ key: 'free', holders: [], waiters: 0 });
  });

  it('take the lock away from whoever has it, who is told', async () => {
    const lock = await here.runtime.acquire('a');
    expect([await here.runtime.forceRelease('a'), await here.runtime.forceRelease('a')]).toEqual([
      true,
      false,
    ]);
    await settle();
    expect(lock.signal.aborted).toBe(true);
  });

  it('reject where the store does not answer within two seconds', async () => {
    await here.runtime.start();
    here.store.takeNext('inspect');
    const asked = watched(here.runtime.inspect('a'));
    await here.clock.advanceAsync(2_000);
    expect(asked.error).toMatchObject({ code: 'LOCK_STORE', operation: 'inspect' });
    // The look at whether the store serves at all.
    expect(here.clock.pending).toBe(1);
    await here.clock.advanceAsync(250);
    expect([here.store.sent('inspect').length, here.clock.pending]).toEqual([2, 0]);
  });

  it('refuse a bad key and a store that is not there', async () => {
    await expect(here.runtime.inspect('')).rejects.toMatchObject({ code: 'LOCK_KEY' });
    await expect(here.runtime.forceRelease('a', { store: 'x' })).rejects.toMatchObject({ option: 'store' });
  });
});

describe('named stores', () => {
  it('are each a lock space of their own', async () => {
    const other = world();
    const both = runtimeWorld(
      { stores: { second: other.store } },
      { clock: other.clock, store: world().store },
    );
    const locks = await Promise.all([
      both.runtime.acquire('a'),
      both.runtime.acquire('a', { store: 'second' }),
    ]);
    expect(locks.map((lock) => lock.isHeld)).toEqual([true, true]);
    expect(() => both.runtime.checkOptions({ store: 'third' })).toThrow(/the module's stores are: "second"/);
  });

  it('do not share keys over namespaces', async () => {
    const neighbour = new LockRuntime({
      store: here.store,
      namespace: 'other',
      waitMs: 0,
      watchdogMs: 10_000,
      shutdownMs: 0,
      clock: here.clock,
    });
    await here.runtime.acquire('a');
    await expect(neighbour.tryAcquire('a')).resolves.not.toBeNull();
  });
});

describe('start', () => {
  it('tells of a store that cannot be reached, and goes on', async () => {
    here.store.onConnect = () => Promise.reject(cut('connect'));
    await here.runtime.start();
    expect(here.notices).toEqual([expect.stringMatching(/^error: Lock store "scripted" cannot be used, /)]);
  });

  it('fails where the store never will serve', async () => {
    here.store.onConnect = () => Promise.reject(new LockConfigError('never', { option: 'url' }));
    await expect(here.runtime.start()).rejects.toThrow(LockConfigError);
  });
});

describe('a minHoldTime', () => {
  it('keeps the lock taken after the release, under no owner, for others in the process too', async () => {
    const lock = await here.runtime.acquire('a', { minHoldTime: '30s' });
    await here.clock.advanceAsync(5);
    await lock.release();
    expect(here.store.space.inspect('test:a').holders).toMatchObject([{ owner: '', restMs: 29_995 }]);
    await expect(here.runtime.tryAcquire('a')).resolves.toBeNull();
    const next = watched(here.runtime.acquire('a', { waitTime: '1m' }));
    await here.clock.advanceAsync(29_994);
    expect(next.state).toBe('pending');
    await here.clock.advanceAsync(2);
    expect(next.value?.isHeld).toBe(true);
  });

  it('that is longer than the lease is kept also by a crash', async () => {
    await here.runtime.acquire('a', { minHoldTime: '1m' });
    expect(here.store.space.inspect('test:a').holders[0]!.restMs).toBe(60_000);
  });

  it('asked for inside a hold keeps the key after the outer release, instead of a local hand-off', async () => {
    let waiting = watched(Promise.resolve());
    await here.runtime.withLock('a', async () => {
      waiting = watched(frames.exit(() => here.runtime.withLock('a', { waitTime: '1m' }, () => undefined)));
      await here.runtime.withLock('a', { minHoldTime: '30s' }, () => undefined);
    });
    expect(here.store.space.inspect('test:a').holders).toMatchObject([{ owner: '', restMs: 30_000 }]);
    await here.clock.advanceAsync(29_999);
    expect(waiting.state).toBe('pending');
    await here.clock.advanceAsync(2);
    expect(waiting.state).toBe('resolved');
  });

  it('asked for inside a hold is kept by a crash too', async () => {
    await here.runtime.withLock('a', async () => {
      await here.runtime.acquire('a', { minHoldTime: '1m' });
      expect(here.store.space.inspect('test:a').holders[0]!.restMs).toBe(60_000);
    });
  });

  it('that is over is a plain release', async () => {
    const lock = await here.runtime.acquire('a', { minHoldTime: '1s' });
    await here.clock.advanceAsync(1_000);
    await lock.release();
    expect(holdersOf(here)).toEqual([]);
  });
});

describe('events', () => {
  const seen: unknown[] = [];
  const kinds = ['waiting', 'granted', 'ended', 'refused', 'renewed', 'storeDown', 'storeUp'];
  const note = (message: unknown, name: string | symbol): void => {
    seen.push({ kind: String(name).split(':')[1], ...(message as object) });
  };

  beforeEach(() => {
    seen.length = 0;
    for (const kind of kinds) subscribe(`nestjs-distributed-lock:${kind}`, note);
  });
  afterEach(() => {
    for (const kind of kinds) unsubscribe(`nestjs-distributed-lock:${kind}`, note);
  });

  it('tell of a grant, its renewals and its end', async () => {
    const lock = await here.runtime.acquire('a');
    await here.clock.advanceAsync(3_500);
    await lock.release();
    const common = { store: 'scripted', keys: ['a'], template: undefined, waitMs: 5_000 };
    const fencingTokens = [lock.fencingToken];
    expect(seen).toMatchObject([
      { kind: 'waiting', ...common },
      { kind: 'granted', ...common, waitedMs: 0, handOff: undefined, fencingTokens },
      { kind: 'renewed', store: 'scripted', holds: 1 },
      { kind: 'ended', ...common, heldMs: 3_500, end: 'released', loss: undefined },
    ]);
    const [waiting, granted, , ended] = seen as { id: unknown }[];
    expect([granted!.id === waiting!.id, ended!.id === waiting!.id]).toEqual([true, true]);
  });

  it('tell how long a request waited, and that it was handed on by way of the store', async () => {
    const other = stranger(here);
    other.hold();
    const next = watched(here.runtime.acquire('a'));
    await here.clock.advanceAsync(40);
    other.release();
    await here.clock.advanceAsync(1_000);
    expect(next.value?.isHeld).toBe(true);
    const grant = seen.find((event) => (event as { kind: string }).kind === 'granted');
    expect(grant).toMatchObject({ handOff: 'remote' });
    expect((grant as { waitedMs: number }).waitedMs).toBeGreaterThanOrEqual(40);
  });

  it('tell of hand-offs inside the process, and of one that had to go by way of the store', async () => {
    const short = runtimeWorld({ limits: { mostUsers: 2, mostMs: 1_000_000 } });
    const holds = ['a', 'a', 'a', 'a'].map((key) => watched(short.runtime.acquire(key)));
    for (const hold of holds) {
      await settle();
      await hold.value!.release();
    }
    expect(seen).toMatchObject([
      ...holds.map(() => ({ kind: 'waiting' })),
      { kind: 'granted', handOff: undefined },
      { kind: 'ended' },
      { kind: 'granted', handOff: 'local' },
      { kind: 'ended' },
      { kind: 'granted', handOff: 'remote' },
      { kind: 'ended' },
      { kind: 'granted', handOff: 'local' },
      { kind: 'ended' },
    ]);
  });

  it('tell of a loss, once', async () => {
    const lock: LockHandle = await here.runtime.acquire('a', { leaseTime: 1_000 });
    await here.clock.advanceAsync(1_000);
    await lock.release();
    expect(seen).toMatchObject([
      { kind: 'waiting' },
      { kind: 'granted' },
      { kind: 'ended', end: 'lost', loss: 'lease-ended' },
    ]);
    expect(here.notices).toEqual([expect.stringMatching(/^warn: Lock "a" was lost: its lease ended/)]);
  });

  it('tell why a hold was lost', async () => {
    await here.runtime.acquire('renewed');
    here.store.onCommand = () => true;
    await here.clock.advanceAsync(10_000);
    here.store.onCommand = undefined;
    await here.runtime.acquire('taken');
    here.store.space.forceRelease('test:taken');
    await settle();
    await here.runtime.acquire('late');
    here.runtime.drain();
    await here.clock.advanceAsync(5_000);
    const ends = seen.filter((event) => (event as { kind: string }).kind === 'ended');
    expect(ends).toMatchObject([
      { keys: ['renewed'], loss: 'not-renewed' },
      { keys: ['taken'], loss: 'not-held' },
      { keys: ['late'], loss: 'shutdown' },
    ]);
  });

  it('tell of nothing but the refusal where a shutdown turns away what was just granted', async () => {
    const command = here.store.takeNext('acquire');
    const lock = watched(here.runtime.acquire('a'));
    await settle();
    command.command.answer();
    here.runtime.drain();
    await here.clock.advanceAsync(100);
    expect(lock.error).toMatchObject({ code: 'LOCK_CLOSED' });
    expect(seen).toMatchObject([{ kind: 'waiting' }, { kind: 'refused' }]);
  });

  it('tell of a store that does not serve, and serves again, once each', async () => {
    here.store.onCommand = (command) => {
      command.fail();
      return true;
    };
    const tries = [1, 2, 3, 4, 5].map((key) => watched(here.runtime.tryAcquire(`${key}`)));
    await here.clock.advanceAsync(3_000);
    expect(tries.map(({ state }) => state)).toEqual(Array(5).fill('rejected'));
    here.store.onCommand = undefined;
    await here.clock.advanceAsync(1_000);
    const stores = seen.filter((event) => 'store' in (event as object) && !('keys' in (event as object)));
    expect(stores).toMatchObject([
      { kind: 'storeDown', store: 'scripted', error: { code: 'LOCK_STORE' } },
      { kind: 'storeUp', store: 'scripted', downMs: 3_250 },
    ]);
    expect(here.notices).toEqual([
      'error: Lock store "scripted" cannot be used, and is asked again until it serves: The connection was cut.',
      'log: Lock store "scripted" serves again after 3.3 s.',
    ]);
  });

  it('tell of a refusal, with its error', async () => {
    stranger(here).hold();
    await here.runtime.tryAcquire('a');
    expect(seen).toMatchObject([
      { kind: 'waiting', keys: ['a'], waitMs: 0 },
      { kind: 'refused', keys: ['a'], waitMs: 0, error: { code: 'LOCK_TIMEOUT' } },
    ]);
  });
});
