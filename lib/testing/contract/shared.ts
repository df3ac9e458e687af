import { strict as assert } from 'node:assert';
import type { LockHandle } from '../../core/lock-handle.js';
import { LockUpgradeError } from '../../errors.js';
import { deferred } from '../../util/deferred.js';
import { contractCase } from './contract-case.js';
import { Story } from './story.js';
import { within } from './time.js';

const SHARED = { mode: 'shared' } as const;
const releaseAll = (locks: readonly LockHandle[]): Promise<unknown> =>
  Promise.all(locks.map((one) => one.release()));

export const shared = [
  contractCase('lets readers in together, and a writer after the last of them', ['shared'], async (bench) => {
    const [a, b, c] = await bench.clientsOf(3);
    const key = bench.key();
    const readers = await Promise.all([a!.acquire(key, SHARED), b!.acquire(key, SHARED)]);
    const write = c!.acquire(key);
    await bench.untilWaiting(key, 1);
    await readers[0]!.release();
    assert.equal(await within(100, write), 'late');
    await readers[1]!.release();
    const writer = await write;
    assert.equal(await a!.tryAcquire(key, SHARED), null);
    assert(writer.fencingToken > Math.max(...readers.map((one) => one.fencingToken)));
    await writer.release();
  }),

  contractCase('shows readers as shared holders', ['shared'], async (bench) => {
    const [a, b] = await Promise.all([bench.client(), bench.client()]);
    const key = bench.key();
    const readers = [await a.acquire(key, SHARED), await b.acquire(key, SHARED)];
    const { holders } = await a.inspect(key);
    const seen = holders.map(({ owner, fencingToken, mode, weight }) => ({
      owner,
      fencingToken,
      mode,
      weight,
    }));
    const expected = readers.map(({ owner, fencingToken }) => ({
      owner,
      fencingToken,
      mode: 'shared',
      weight: 1,
    }));
    assert.deepEqual(new Set(seen), new Set(expected));
    await releaseAll(readers);
  }),

  contractCase(
    'does not let later readers overtake a writer that waits',
    ['shared', 'fairOrder'],
    async (bench) => {
      const [a, b, c] = await bench.clientsOf(3);
      const key = bench.key();
      const reader = await a!.acquire(key, SHARED);
      const order: string[] = [];
      const write = b!.acquire(key).then((lock) => (order.push('writer'), lock.release()));
      await bench.untilWaiting(key, 1);
      assert.equal(await c!.tryAcquire(key, SHARED), null);
      const late = c!.acquire(key, SHARED).then((lock) => (order.push('reader'), lock.release()));
      await bench.untilWaiting(key, 2);
      await reader.release();
      await Promise.all([write, late]);
      assert.deepEqual(order, ['writer', 'reader']);
    },
  ),

  contractCase(
    'lets readers that wait next to each other in at once',
    ['shared', 'fairOrder'],
    async (bench) => {
      const [a, ...others] = await bench.clientsOf(6);
      const key = bench.key();
      const writer = await a!.acquire(key);
      const waits = others.map((client) => client.acquire(key, SHARED));
      await bench.untilWaiting(key, 5);
      await writer.release();
      // All of them, before any of them releases.
      const readers = await Promise.all(waits);
      assert.equal((await a!.inspect(key)).holders.length, 5);
      await releaseAll(readers);
    },
  ),

  contractCase('keeps readers and writers apart under a stream of both', ['shared'], async (bench) => {
    const clients = await bench.clientsOf(6);
    const key = bench.key();
    const story = new Story();
    const work = clients.map(async (client, number) => {
      for (let turn = 0; turn < 12; turn++) {
        const options = (turn + number) % 4 === 0 ? {} : SHARED;
        await story.visit({ client, name: String(number), key, options }, () => undefined);
      }
    });
    await Promise.all(work);
    story.check({ isFaultless: true });
  }),

  contractCase('refuses to make a reader a writer, at once', ['shared'], async (bench) => {
    const client = await bench.client();
    const key = bench.key();
    await client.withLock(key, SHARED, async (lock) => {
      await assert.rejects(client.acquire(key), LockUpgradeError);
      await client.withLock(key, SHARED, (inner) => assert.equal(inner.fencingToken, lock.fencingToken));
      assert.equal(lock.isHeld, true);
    });
    await client.withLock(key, () => client.withLock(key, SHARED, () => undefined));
  }),

  contractCase('takes any text for the name of a read/write lock', ['shared'], async (bench) => {
    const [a, b] = await Promise.all([bench.client(), bench.client()]);
    for (const label of ['a:b', '{tag}', '}{', 'x/y', ' blank ', '%7b', '*?[a]']) {
      const key = bench.key(label);
      const readers = [await a.acquire(key, SHARED), await b.acquire(key, SHARED)];
      const write = a.acquire(key);
      await releaseAll(readers);
      await (await write).release();
    }
  }),

  contractCase('gives every reader a token of its own', ['shared'], async (bench) => {
    const [a, b] = await Promise.all([bench.client(), bench.client()]);
    const key = bench.key();
    const story = new Story();
    const inside = deferred<void>();
    let readers = 0;
    const visit = (client: typeof a, name: string): Promise<boolean> =>
      story.visit({ client, name, key, options: SHARED }, () => {
        if (++readers === 4) inside.resolve();
        return inside.promise;
      });
    await Promise.all([visit(a, 'a'), visit(a, 'a too'), visit(b, 'b'), visit(b, 'b too')]);
    story.check();
  }),
];
