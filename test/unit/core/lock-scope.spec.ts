import { AsyncResource } from 'node:async_hooks';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { withoutDrift } from '../../../lib/core/hold.js';
import type { LockHandle } from '../../../lib/core/lock-handle.js';
import { LockConfigError, LockLostError, LockUpgradeError } from '../../../lib/errors.js';
import { deferred } from '../../../lib/util/deferred.js';
import { holdersOf, type RuntimeWorld, runtimeWorld, stranger } from './fixture.js';
import { watched } from './watched.js';

let here: RuntimeWorld;
const settle = (): Promise<void> => here.clock.advanceAsync(0);
const acquires = (): number => here.store.sent('acquire').length;

beforeEach(() => {
  here = runtimeWorld();
});

describe('inside the body of a lock', () => {
  it('the same key is granted at once, with the same owner and token, and without a command', async () => {
    await here.runtime.withLock('a', async (outer) => {
      await here.runtime.withLock('a', (inner) => {
        expect([inner.owner, inner.fencingToken]).toEqual([outer.owner, outer.fencingToken]);
      });
      const handle = await here.runtime.acquire('a', { waitTime: 0 });
      await handle.release();
      expect([acquires(), outer.isHeld, holdersOf(here)]).toEqual([1, true, [outer.owner]]);
    });
    expect(holdersOf(here)).toEqual([]);
  });

  it('branches of a Promise.all are the same owner, and the hold ends with the last of them', async () => {
    const gates = [deferred<void>(), deferred<void>()];
    const working = watched(
      here.runtime.withLock('a', () =>
        Promise.all(gates.map((gate) => here.runtime.withLock('a', () => gate.promise))),
      ),
    );
    await settle();
    gates[0]!.resolve();
    await settle();
    expect([acquires(), holdersOf(here).length, working.state]).toEqual([1, 1, 'pending']);
    gates[1]!.resolve();
    await settle();
    expect([holdersOf(here), working.state]).toEqual([[], 'resolved']);
  });

  it('a child that was forgotten keeps the hold until it ends', async () => {
    const gate = deferred<void>();
    let child!: Promise<void>;
    await here.runtime.withLock('a', async () => {
      child = here.runtime.withLock('a', () => gate.promise);
      await settle();
    });
    expect(holdersOf(here)).toHaveLength(1);
    await expect(here.runtime.tryAcquire('a')).resolves.toBeNull();
    gate.resolve();
    await child;
    expect(holdersOf(here)).toEqual([]);
  });

  it('a task that asks after the end is a stranger', async () => {
    const late = await here.runtime.withLock('a', () =>
      AsyncResource.bind((): Promise<LockHandle | null> => here.runtime.tryAcquire('a')),
    );
    stranger(here).hold();
    await expect(late()).resolves.toBeNull();
    stranger(here).release();
    const lock = await late();
    expect([lock?.isHeld, acquires()]).toEqual([true, 3]);
  });

  it('another key is asked of the store', async () => {
    await here.runtime.withLock('a', () => here.runtime.withLock('b', () => undefined));
    expect(acquires()).toBe(2);
  });

  it('of several keys those that are held already are not asked for again', async () => {
    await here.runtime.withLock('b', async (outer) => {
      await here.runtime.withLock(['a', 'b', 'c'], (inner) => {
        expect(here.store.sent('acquire').at(-1)!.asAcquire.keys).toEqual(['test:a', 'test:c']);
        expect(inner.fencingTokenOf('b')).toBe(outer.fencingToken);
        expect(inner.keys).toEqual(['a', 'b', 'c']);
      });
      expect([holdersOf(here, 'test:a'), outer.isHeld]).toEqual([[], true]);
    });
  });

  it('of several keys the loss of either is told, also to a listener beside one that throws', async () => {
    const heard: string[] = [];
    const working = here.runtime.withLock('b', async () => {
      const inner = await here.runtime.acquire(['a', 'b']);
      inner.signal.addEventListener('abort', () => {
        throw new Error('a bad listener');
      });
      inner.signal.addEventListener('abort', () => heard.push('second'));
      here.store.space.forceRelease('test:b');
      await settle();
      heard.push(`held: ${inner.isHeld}`);
      await inner.release();
    });
    await expect(working).rejects.toThrow(LockLostError);
    const failures = here.notices.filter((line) => line.startsWith('error'));
    expect([heard, failures.length]).toEqual([['second', 'held: false'], 1]);
  });

  it('a request that fails leaves the hold as it was', async () => {
    stranger(here, 'test:b').hold();
    await here.runtime.withLock('a', async (outer) => {
      await expect(here.runtime.withLock(['a', 'b'], { waitTime: 0 }, () => undefined)).rejects.toMatchObject(
        {
          code: 'LOCK_TIMEOUT',
        },
      );
      expect(outer.isHeld).toBe(true);
    });
    expect(holdersOf(here)).toEqual([]);
  });

  it('a leaseTime longer than the rest extends the hold, a shorter one leaves it', async () => {
    await here.runtime.withLock('a', { leaseTime: '20s' }, async (outer) => {
      await here.runtime.withLock('a', { leaseTime: '5s' }, () => undefined);
      expect([outer.remainingMs(), here.store.sent('renew').length]).toEqual([withoutDrift(20_000), 0]);
      await here.runtime.withLock('a', { leaseTime: '1m' }, () => undefined);
      expect(outer.remainingMs()).toBe(withoutDrift(60_000));
    });
  });

  it('a re-entry that finds the hold lost rejects', async () => {
    const working = here.runtime.withLock('a', { leaseTime: '20s' }, async () => {
      here.store.keepsHints = true;
      here.store.space.forceRelease('test:a');
      await expect(here.runtime.acquire('a', { leaseTime: '1m' })).rejects.toThrow(LockLostError);
    });
    await expect(working).rejects.toThrow(LockLostError);
  });

  it('after a loss re-entry rejects and runs nothing', async () => {
    let runs = 0;
    const working = here.runtime.withLock('a', async () => {
      here.store.space.forceRelease('test:a');
      await settle();
      for (const keys of ['a', ['a', 'b']]) {
        await expect(here.runtime.withLock(keys, () => runs++)).rejects.toThrow(LockLostError);
      }
      expect(acquires()).toBe(1);
    });
    await expect(working).rejects.toThrow(LockLostError);
    expect(runs).toBe(0);
  });
});

describe('what fits inside', () => {
  it('is shared in exclusive, shared in shared, and less or the same weight', async () => {
    const inside = (outer: object, inner: object): Promise<string> =>
      here.runtime.withLock('a', outer, () => here.runtime.withLock('a', inner, () => 'ran'));
    expect(await inside({}, { mode: 'shared' })).toBe('ran');
    expect(await inside({ mode: 'shared' }, { mode: 'shared' })).toBe('ran');
    expect(await inside({ permits: 5, weight: 3 }, { permits: 5, weight: 3 })).toBe('ran');
    expect(await inside({ permits: 5, weight: 3 }, { permits: 5 })).toBe('ran');
  });

  it.each<[string, object, object]>([
    ['exclusive in shared', { mode: 'shared' }, {}],
    ['more weight', { permits: 5, weight: 2 }, { permits: 5, weight: 3 }],
  ])('is never %s: refused at once, since it would wait for itself', async (_, outer, inner) => {
    await here.runtime.withLock('a', outer, async (lock) => {
      await expect(here.runtime.acquire('a', inner)).rejects.toThrow(LockUpgradeError);
      expect([lock.isHeld, acquires(), here.store.space.inspect('test:a').waiters]).toEqual([true, 1, 0]);
    });
  });

  it.each<[object, object]>([
    [{}, { permits: 3 }],
    [{ permits: 3 }, {}],
    [{ permits: 3 }, { permits: 4 }],
  ])('is not another capacity: %j, then %j', async (outer, inner) => {
    await here.runtime.withLock('a', outer, async () => {
      await expect(here.runtime.acquire('a', inner)).rejects.toThrow(LockConfigError);
    });
  });
});

describe('outside of a body', () => {
  it('two handles of one caller are two owners', async () => {
    const first = await here.runtime.acquire('a');
    await expect(here.runtime.tryAcquire('a')).resolves.toBeNull();
    expect(here.runtime.current()).toBeUndefined();
    await first.release();
  });

  it('two runtimes in one process are strangers, also where one runs inside the other', async () => {
    const other = runtimeWorld({}, here);
    await here.runtime.withLock('a', async () => {
      await expect(other.runtime.tryAcquire('a')).resolves.toBeNull();
      await other.runtime.withLock('b', async () => {
        await here.runtime.withLock('a', () => undefined);
        await expect(here.runtime.tryAcquire('b')).resolves.toBeNull();
      });
    });
  });
});

describe('current', () => {
  it('is the innermost hold, or the one of that key', async () => {
    await here.runtime.withLock('a', async (a) => {
      await here.runtime.withLock('b', (b) => {
        expect([here.runtime.current()?.owner, here.runtime.current('a')?.owner]).toEqual([b.owner, a.owner]);
        expect(here.runtime.current('c')).toBeUndefined();
      });
      expect(here.runtime.current()?.owner).toBe(a.owner);
      await a.release();
      expect(here.runtime.current()).toBeUndefined();
    });
  });
});

describe('a scope', () => {
  it('runs bodies inside the hold until it is closed, twice without harm', async () => {
    const scope = await here.runtime.enter('a', { template: 'a' });
    await scope.run(() => here.runtime.withLock('a', () => undefined));
    expect(acquires()).toBe(1);
    await scope.close();
    await scope.close();
    expect([holdersOf(here), here.store.sent('release').length, scope.loss]).toEqual([[], 1, undefined]);
  });
});
