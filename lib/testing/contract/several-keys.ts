import { strict as assert } from 'node:assert';
import { LockConfigError, LockLostError, LockTimeoutError } from '../../errors.js';
import { contractCase } from './contract-case.js';
import { Tap } from './tapped-store.js';
import { aborted, eventually, pause, refusal } from './time.js';

export const severalKeys = [
  contractCase('never lets two that want the same keys wait for each other', [], async (bench) => {
    const clients = await bench.clientsOf(2);
    const keys = [bench.key('a'), bench.key('b')];
    let inside = 0;
    const work = clients.map(async (client, number) => {
      const wanted = number === 0 ? keys : keys.toReversed();
      for (let round = 0; round < 30; round++) {
        await client.withLock(wanted, async () => {
          assert.equal(++inside, 1);
          await pause(0);
          inside--;
        });
      }
    });
    await Promise.all(work);
  }),

  contractCase('takes a key that is named twice once', [], async (bench) => {
    const tap = new Tap();
    const client = await bench.client({ tap });
    const key = bench.key();
    const lock = await client.acquire([key, key]);
    assert.deepEqual([lock.keys, lock.fencingTokenOf(key)], [[key], lock.fencingToken]);
    await lock.release();
    assert.equal(tap.count('release'), 1);
    assert.deepEqual((await client.inspect(key)).holders, []);
  }),

  contractCase('gives one token for each key, and names them in order', [], async (bench) => {
    const client = await bench.client();
    const keys = [bench.key('b'), bench.key('a')];
    const lock = await client.acquire(keys);
    assert.deepEqual(lock.keys, keys.toSorted());
    assert.throws(() => lock.fencingToken, LockConfigError);
    assert.throws(() => lock.fencingTokenOf('another'), LockConfigError);
    for (const key of keys) {
      const [holder] = (await client.inspect(key)).holders;
      assert.deepEqual([holder?.owner, holder?.fencingToken], [lock.owner, lock.fencingTokenOf(key)]);
    }
    await lock.release();
  }),

  contractCase('holds nothing after it gave up waiting for one of them', [], async (bench) => {
    const [a, b] = await Promise.all([bench.client(), bench.client()]);
    const keys = [bench.key('a'), bench.key('b')];
    const lock = await a.acquire(keys[1]!);
    const error = await refusal(b.acquire(keys, { waitTime: 250 }));
    assert(error instanceof LockTimeoutError && error.waitedMs >= 249);
    await eventually(
      'the free key was given back',
      async () => (await a.inspect(keys[0]!)).holders.length === 0,
    );
    await eventually('no place is left', async () => (await a.inspect(keys[1]!)).waiters === 0);
    await lock.release();
  }),

  contractCase('counts one wait for all keys', [], async (bench) => {
    const [a, b] = await Promise.all([bench.client(), bench.client()]);
    const keys = [bench.key('a'), bench.key('b')];
    const locks = [await a.acquire(keys[0]!), await a.acquire(keys[1]!)];
    const wait = refusal(b.acquire(keys, { waitTime: 500 }));
    await pause(300);
    await locks[0]!.release();
    const error = await wait;
    assert(error instanceof LockTimeoutError && error.waitedMs < 800, String(error));
    await locks[1]!.release();
  }),

  contractCase('takes all or none with waitTime 0', [], async (bench) => {
    const [a, b] = await Promise.all([bench.client(), bench.client()]);
    const keys = [bench.key('a'), bench.key('b')];
    const lock = await a.acquire(keys[1]!);
    assert.equal(await b.tryAcquire(keys), null);
    await (await a.acquire(keys[0]!, { waitTime: 0 })).release();
    await lock.release();
    await (await b.acquire(keys, { waitTime: 0 })).release();
  }),

  contractCase('keeps what it has while it waits for the rest', ['leases'], async (bench) => {
    const [a, b] = await Promise.all([bench.client(), bench.client({ watchdogMs: 750 })]);
    const keys = [bench.key('a'), bench.key('b')];
    const lock = await a.acquire(keys[1]!);
    const wait = b.acquire(keys);
    await bench.untilWaiting(keys[1]!, 1);
    const [before] = (await a.inspect(keys[0]!)).holders;
    await pause(1_200);
    await lock.release();
    const both = await wait;
    // The same grant all the while: it was not lost and taken again.
    assert.equal(both.fencingTokenOf(keys[0]!), before?.fencingToken);
    await both.release();
  }),

  contractCase('loses all with one of them, and releases the rest', [], async (bench) => {
    const [a, b] = await Promise.all([bench.client({ watchdogMs: 750 }), bench.client()]);
    const keys = [bench.key('a'), bench.key('b')];
    const lock = await a.acquire(keys);
    await b.forceRelease(keys[1]!);
    await aborted(lock.signal);
    assert(lock.signal.reason instanceof LockLostError);
    assert.equal(lock.isHeld, false);
    await lock.release();
    const both = await b.acquire(keys, { waitTime: 0 });
    await both.release();
  }),
];
