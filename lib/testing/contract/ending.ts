import { strict as assert } from 'node:assert';
import { LockClosedError, LockKeyError } from '../../errors.js';
import { contractCase } from './contract-case.js';
import { Tap } from './tapped-store.js';
import { countingClock, eventually, pause, refusal, within } from './time.js';

const LONGEST_KEY_BYTES = 1024;

export const ending = [
  contractCase('withdraws a request that is aborted before, during or after its grant', [], async (bench) => {
    const [a, b, c] = await bench.clientsOf(3);
    const key = bench.key();
    const reason = new Error('no more');
    for (let round = 0; round < 30; round++) {
      const lock = await a!.acquire(key);
      const controller = new AbortController();
      const wait = b!.acquire(key, { signal: controller.signal }).then(
        (granted) => granted.release(),
        (error: unknown) => assert.equal(error, reason),
      );
      if (round % 3 === 0) await pause(2);
      const released = lock.release();
      if (round % 3 === 1) await pause(0);
      if (round % 3 === 2) await released;
      controller.abort(reason);
      await Promise.all([released, wait]);
      const next = await within(2_500, c!.acquire(key));
      assert(next !== 'late', 'a request that was aborted is in the way');
      await next.release();
    }
  }),

  contractCase('asks the store for nothing where the signal is aborted already', [], async (bench) => {
    const tap = new Tap();
    const client = await bench.client({ tap });
    const reason = new Error('too late');
    const signal = AbortSignal.abort(reason);
    assert.equal(await refusal(client.acquire(bench.key(), { signal })), reason);
    assert.equal(tap.count(), 0);
  }),

  contractCase('lets holders finish and tells waiters when the application shuts down', [], async (bench) => {
    const [a, b] = await Promise.all([bench.client({ shutdownMs: 10_000 }), bench.client()]);
    const [key, other] = [bench.key('own'), bench.key('other')];
    const lock = await a.acquire(key);
    const foreign = await b.acquire(other);
    const waits = [a.acquire(other), a.acquire(other), a.acquire(key)].map(refusal);
    await bench.untilWaiting(other, 1);
    const next = b.acquire(key);
    a.drain();
    for (const error of await Promise.all(waits)) assert(error instanceof LockClosedError);
    await assert.rejects(a.tryAcquire(bench.key()), LockClosedError);
    assert.equal(lock.isHeld, true);
    const closed = a.shutdown();
    assert.equal(await within(50, closed), 'late');
    await lock.release();
    await closed;
    await (await next).release();
    await eventually('no place is left', async () => (await b.inspect(other)).waiters === 0);
    await foreign.release();
  }),

  contractCase(
    'tells holders whose time is spent, and gives their locks to others at once',
    [],
    async (bench) => {
      const clock = countingClock();
      const [a, b] = await Promise.all([
        bench.client({ shutdownMs: 100, watchdogMs: 30_000, clock }),
        bench.client(),
      ]);
      const keys = [bench.key('a'), bench.key('b'), bench.key('c')];
      const locks = await Promise.all(keys.map((key) => a.acquire(key)));
      const waits = keys.map((key) => b.acquire(key));
      await a.shutdown();
      for (const { isHeld, signal } of locks) assert.deepEqual([isHeld, signal.aborted], [false, true]);
      for (const wait of waits) await (await wait).release();
      assert.equal(clock.pending, 0);
    },
  ),

  contractCase('takes no new locks after the shutdown', [], async (bench) => {
    const client = await bench.client();
    await client.shutdown();
    await assert.rejects(client.acquire(bench.key()), LockClosedError);
    await assert.rejects(client.tryAcquire(bench.key()), LockClosedError);
    await assert.rejects(
      client.withLock(bench.key(), () => assert.fail('the body ran')),
      LockClosedError,
    );
    await client.shutdown();
  }),

  contractCase('refuses keys that are none, before anything is sent', [], async (bench) => {
    const tap = new Tap();
    const client = await bench.client({ tap });
    const wrong: unknown[] = [
      '',
      undefined,
      null,
      7,
      {},
      [],
      ['a', ''],
      'a\0b',
      'x'.repeat(LONGEST_KEY_BYTES + 1),
    ];
    for (const key of wrong) await assert.rejects(client.acquire(key as string), LockKeyError, String(key));
    assert.equal(tap.count(), 0);
  }),

  contractCase('keeps keys apart that differ in one byte only', [], async (bench) => {
    const client = await bench.client();
    const key = bench.key('Key');
    const long = key + 'é'.repeat(Math.floor((LONGEST_KEY_BYTES - 1 - key.length) / 2));
    const all = [
      key,
      `${key} `,
      ` ${key}`,
      key.toLowerCase(),
      key.toUpperCase(),
      `${key}🔒`,
      `${key}é`,
      `${key}e\u0301`,
    ];
    const distinct = [...new Set([...all, `${long}a`, `${long}b`, `${long}A`])];
    const locks = await Promise.all(distinct.map((one) => client.acquire(one, { waitTime: 0 })));
    assert.equal(new Set(locks.map((one) => one.owner)).size, distinct.length);
    for (const one of distinct) assert.equal(await client.tryAcquire(one), null);
    await Promise.all(locks.map((one) => one.release()));
    for (const one of distinct) assert.deepEqual((await client.inspect(one)).holders, []);
  }),

  contractCase('leaves nothing of many keys that were used once', [], async (bench) => {
    const clock = countingClock();
    const client = await bench.client({ clock });
    const idle = clock.pending;
    const keys = Array.from({ length: 200 }, () => bench.key('once'));
    for (let from = 0; from < keys.length; from += 20) {
      const locks = await Promise.all(keys.slice(from, from + 20).map((key) => client.acquire(key)));
      await Promise.all(locks.map((one) => one.release()));
    }
    assert.equal(clock.pending, idle);
  }),
];
