import { strict as assert } from 'node:assert';
import type { LockHandle } from '../../core/lock-handle.js';
import { LockLostError } from '../../errors.js';
import { contractCase } from './contract-case.js';
import { aborted, lull, within } from './time.js';

export const loss = [
  contractCase('tells the holder of a forced release at once', ['message'], async (bench) => {
    // Its next renewal would come after ten seconds.
    const [a, b] = await Promise.all([bench.client({ watchdogMs: 30_000 }), bench.client()]);
    const key = bench.key();
    const lock = await a.acquire(key);
    assert.equal(await b.forceRelease(key), true);
    assert.notEqual(await within(2_000, aborted(lock.signal)), 'late');
    await lock.release();
  }),

  contractCase('tells whether a forced release ended anything', [], async (bench) => {
    const [a, b] = await Promise.all([bench.client(), bench.client()]);
    const key = bench.key();
    assert.equal(await b.forceRelease(key), false);
    const lock = await a.acquire(key);
    assert.equal(await b.forceRelease(key), true);
    assert.equal(await b.forceRelease(key), false);
    const next = await b.acquire(key, { waitTime: 0 });
    assert(next.fencingToken > lock.fencingToken);
    await Promise.all([next.release(), lock.release()]);
  }),

  contractCase('gives key, token and reason with a loss', [], async (bench) => {
    const [a, b] = await Promise.all([bench.client({ watchdogMs: 750 }), bench.client()]);
    const key = bench.key();
    const lock = await a.acquire(key);
    assert.doesNotThrow(() => lock.assertHeld());
    await b.forceRelease(key);
    await aborted(lock.signal);
    const error: unknown = lock.signal.reason;
    assert(error instanceof LockLostError);
    assert.deepEqual([error.key, error.fencingToken], [key, lock.fencingToken]);
    assert.deepEqual([lock.isHeld, lock.remainingMs()], [false, 0]);
    assert.throws(() => lock.assertHeld(), LockLostError);
    await lock.release();
  }),

  contractCase('does not return the result of a body that outlived its lock', [], async (bench) => {
    const [a, b] = await Promise.all([bench.client({ watchdogMs: 750 }), bench.client()]);
    const key = bench.key();
    const outlive = async (lock: LockHandle): Promise<string> => {
      await b.forceRelease(key);
      await aborted(lock.signal);
      return 'done';
    };
    await assert.rejects(a.withLock(key, outlive), LockLostError);
    const own = new Error('the body’s own');
    const fail = async (lock: LockHandle): Promise<never> => {
      await outlive(lock);
      throw own;
    };
    await assert.rejects(a.withLock(key, fail), (error) => error === own);
  }),

  contractCase('leaves the next holder alone when the loser releases', [], async (bench) => {
    const [a, b] = await Promise.all([bench.client({ watchdogMs: 750 }), bench.client()]);
    const key = bench.key();
    const lock = await a.acquire(key);
    await b.forceRelease(key);
    const next = await b.acquire(key);
    await aborted(lock.signal);
    await lock.release();
    await lull(50);
    assert.equal(next.isHeld, true);
    assert.deepEqual(
      (await a.inspect(key)).holders.map((one) => one.owner),
      [next.owner],
    );
    await next.release();
  }),

  contractCase('refuses to re-enter a lock that was lost', [], async (bench) => {
    const [a, b] = await Promise.all([bench.client({ watchdogMs: 750 }), bench.client()]);
    const key = bench.key();
    const body = async (lock: LockHandle): Promise<void> => {
      await b.forceRelease(key);
      await aborted(lock.signal);
      await assert.rejects(a.acquire(key), LockLostError);
      await assert.rejects(
        a.withLock(key, () => assert.fail()),
        LockLostError,
      );
    };
    await assert.rejects(a.withLock(key, body), LockLostError);
  }),

  contractCase('tells every listener once, also where one of them throws', [], async (bench) => {
    const [a, b] = await Promise.all([bench.client({ watchdogMs: 750 }), bench.client()]);
    const key = bench.key();
    const lock = await a.acquire(key);
    const told: string[] = [];
    lock.signal.addEventListener('abort', () => {
      told.push('first');
      throw new Error('a listener’s own');
    });
    lock.signal.addEventListener('abort', () => told.push('second'));
    await b.forceRelease(key);
    await aborted(lock.signal);
    await lull(100);
    assert.deepEqual(told, ['first', 'second']);
    await lock.release();
  }),
];
