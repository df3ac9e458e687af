import { strict as assert } from 'node:assert';
import { LockTimeoutError } from '../../errors.js';
import { systemRandom } from '../../util/random.js';
import { contractCase } from './contract-case.js';
import { Story } from './story.js';
import { Tap } from './tapped-store.js';
import { pause } from './time.js';

export const mutualExclusion = [
  contractCase('gives a free key at once, and shows exactly that holder', [], async (bench) => {
    const [a, b] = await Promise.all([bench.client(), bench.client()]);
    const key = bench.key();
    const lock = await a.acquire(key);
    assert.equal(lock.isHeld, true);
    const { holders, waiters } = await b.inspect(key);
    assert.equal(waiters, 0);
    assert.equal(holders.length, 1);
    const { owner, fencingToken, mode, weight } = holders[0]!;
    assert.equal(owner, lock.owner);
    assert.deepEqual([fencingToken, mode, weight], [lock.fencingToken, 'exclusive', 1]);
    await lock.release();
    assert.equal(lock.isHeld, false);
    assert.deepEqual((await b.inspect(key)).holders, []);
  }),

  contractCase(
    'tells a second client that the key is busy, and leaves the holder alone',
    [],
    async (bench) => {
      const tap = new Tap();
      const [a, b] = await Promise.all([bench.client(), bench.client({ tap })]);
      const key = bench.key();
      const lock = await a.acquire(key);
      assert.equal(await b.tryAcquire(key), null);
      assert.equal(tap.count('acquire'), 1);
      await assert.rejects(b.acquire(key, { waitTime: 0 }), LockTimeoutError);
      assert.equal(lock.isHeld, true);
      const { holders, waiters } = await b.inspect(key);
      assert.deepEqual([holders.map((one) => one.owner), waiters], [[lock.owner], 0]);
      await lock.release();
    },
  ),

  contractCase('keeps a read-modify-write with an await inside exact', [], async (bench) => {
    const clients = await bench.clientsOf(8);
    const key = bench.key();
    const story = new Story();
    let counter = 0;
    const increment = async (): Promise<void> => {
      const read = counter;
      await pause(0);
      counter = read + 1;
    };
    const work = clients.flatMap((client, number) =>
      Array.from({ length: 4 }, async (_, task) => {
        for (let section = 0; section < 6; section++) {
          await story.visit({ client, name: `${number}.${task}`, key }, increment);
        }
      }),
    );
    await Promise.all(work);
    story.check();
    assert.equal(counter, 8 * 4 * 6);
  }),

  contractCase('does not let one key wait for another', [], async (bench) => {
    const [a, b] = await Promise.all([bench.client(), bench.client()]);
    const first = await a.acquire(bench.key('a'));
    const second = await b.acquire(bench.key('b'), { waitTime: 0 });
    assert.deepEqual([first.isHeld, second.isHeld], [true, true]);
    await Promise.all([first.release(), second.release()]);
  }),

  contractCase('keeps the same key of two namespaces apart', [], async (bench) => {
    const [a, b] = await Promise.all([bench.client(), bench.client({ namespace: 'contract-other' })]);
    const key = bench.key();
    const first = await a.acquire(key);
    const second = await b.acquire(key, { waitTime: 0 });
    await first.release();
    assert.deepEqual(
      (await b.inspect(key)).holders.map((one) => one.owner),
      [second.owner],
    );
    await second.release();
  }),

  contractCase('takes concurrent calls of one client for different owners', [], async (bench) => {
    const client = await bench.client();
    const key = bench.key();
    const story = new Story();
    let inside = 0;
    const alone = async (): Promise<void> => {
      assert.equal(++inside, 1);
      await pause(0);
      inside--;
    };
    const calls = Array.from({ length: 100 }, (_, call) =>
      story.visit({ client, name: `call ${call}`, key }, alone),
    );
    assert.deepEqual(new Set(await Promise.all(calls)), new Set([true]));
    story.check();
  }),

  contractCase('answers random use in a way that one order of the commands explains', [], async (bench) => {
    const clients = await bench.clientsOf(6);
    const key = bench.key();
    const story = new Story();
    const busyAsWell = { waitTime: 0 };
    const work = clients.flatMap((client, number) =>
      ['x', 'y'].map(async (task) => {
        for (let turn = 0; turn < 12; turn++) {
          await pause(systemRandom() * 3);
          const options = systemRandom() < 0.3 ? busyAsWell : {};
          await story.visit({ client, name: `${number}${task}`, key, options }, () =>
            pause(systemRandom() * 3),
          );
        }
      }),
    );
    await Promise.all(work);
    story.check({ isFaultless: true });
  }),
];
