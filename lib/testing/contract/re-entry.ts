import { strict as assert } from 'node:assert';
import { contractCase } from './contract-case.js';
import { Tap } from './tapped-store.js';
import { deferred } from '../../util/deferred.js';
import { lull } from './time.js';

export const reEntry = [
  contractCase('grants the same key at once inside the body, with the same token', [], async (bench) => {
    const tap = new Tap();
    const client = await bench.client({ tap });
    const key = bench.key();
    await client.withLock(key, async (outer) => {
      const sent = tap.count();
      await client.withLock(key, { waitTime: 0 }, (inner) => {
        assert.deepEqual([inner.fencingToken, inner.owner], [outer.fencingToken, outer.owner]);
        assert.equal(client.current(key)?.fencingToken, outer.fencingToken);
      });
      const handle = await client.acquire(key);
      assert.equal(handle.fencingToken, outer.fencingToken);
      await handle.release();
      assert.equal(tap.count(), sent);
    });
    assert.equal(client.current(key), undefined);
  }),

  contractCase('keeps the outer hold when an inner one is released', [], async (bench) => {
    const [a, b] = await Promise.all([bench.client(), bench.client()]);
    const key = bench.key();
    await a.withLock(key, async (lock) => {
      await a.withLock(key, () => undefined);
      assert.equal(lock.isHeld, true);
      assert.equal(await b.tryAcquire(key), null);
    });
    await (await b.acquire(key, { waitTime: 0 })).release();
  }),

  contractCase(
    'never shortens the lease on re-entry, and lengthens it where more is asked',
    ['leases'],
    async (bench) => {
      const client = await bench.client();
      const key = bench.key();
      await client.withLock(key, { leaseTime: 4_000 }, async (outer) => {
        await client.withLock(key, { leaseTime: 100 }, () => undefined);
        assert(outer.remainingMs() > 1_000);
        await lull(250);
        assert.equal(outer.isHeld, true);
        await client.withLock(key, { leaseTime: 60_000 }, () => undefined);
        assert(outer.remainingMs() > (await bench.restOf(10_000)));
      });
    },
  ),

  contractCase(
    'takes parallel branches of the body for the same owner, until the last has ended',
    [],
    async (bench) => {
      const [a, b] = await Promise.all([bench.client(), bench.client()]);
      const key = bench.key();
      const slow = deferred<void>();
      let forgotten: Promise<void> | undefined;
      await a.withLock(key, async () => {
        const inside: number[] = [];
        const branch = (lull_: Promise<void>) =>
          a.withLock(key, async () => {
            inside.push(inside.length);
            await lull_;
          });
        forgotten = branch(slow.promise);
        await Promise.all([branch(lull(20)), branch(lull(20))]);
        assert.equal(inside.length, 3);
      });
      assert.equal(await b.tryAcquire(key), null);
      slow.resolve();
      await forgotten;
      await (await b.acquire(key)).release();
    },
  ),

  contractCase('takes two handles of one caller for two owners', [], async (bench) => {
    const client = await bench.client();
    const key = bench.key();
    const lock = await client.acquire(key);
    assert.equal(await client.tryAcquire(key), null);
    await lock.release();
  }),

  contractCase('takes who asks after the end of the body for a stranger', [], async (bench) => {
    const [a, b] = await Promise.all([bench.client(), bench.client()]);
    const key = bench.key();
    const over = deferred<void>();
    let late: Promise<unknown> | undefined;
    await a.withLock(key, () => {
      late = over.promise.then(() => a.tryAcquire(key));
    });
    const next = await b.acquire(key);
    over.resolve();
    assert.equal(await late, null);
    await next.release();
  }),

  contractCase('releases once, however often release is called', [], async (bench) => {
    const tap = new Tap();
    const client = await bench.client({ tap });
    const key = bench.key();
    const lock = await client.acquire(key);
    await Promise.all([lock.release(), lock.release()]);
    await lock.release();
    assert.equal(tap.count('release'), 1);
  }),
];
