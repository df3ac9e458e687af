import { strict as assert } from 'node:assert';
import { LockConfigError, LockLostError } from '../../errors.js';
import { contractCase } from './contract-case.js';
import { Tap } from './tapped-store.js';
import { aborted, lull, pause, within } from './time.js';

export const lease = [
  contractCase(
    'ends a hold with its leaseTime: the holder stops believing before the next is granted',
    ['leases'],
    async (bench) => {
      const [a, b] = await Promise.all([bench.client(), bench.client()]);
      const key = bench.key();
      const lock = await a.acquire(key, { leaseTime: 400 });
      const told = aborted(lock.signal);
      const next = await b.acquire(key);
      // The holder's clock comes first; the message may wait for its turn in a process that is busy.
      assert.equal(lock.isHeld, false);
      assert.notEqual(await within(100, told), 'late');
      assert(next.fencingToken > lock.fencingToken);
      await next.release();
    },
  ),

  contractCase('tells what is left of a lease', ['leases'], async (bench) => {
    const [a, b] = await Promise.all([bench.client(), bench.client()]);
    const key = bench.key();
    const lock = await a.acquire(key, { leaseTime: 5_000 });
    const [holder] = (await b.inspect(key)).holders;
    assert(
      holder && holder.remainingMs > 0 && holder.remainingMs <= 5_000,
      `${holder?.remainingMs} ms are left`,
    );
    assert(lock.remainingMs() > 0 && lock.remainingMs() <= 5_000);
    await lock.release();
    assert.equal(lock.remainingMs(), 0);
  }),

  contractCase('keeps the leases of one client apart', ['leases'], async (bench) => {
    const client = await bench.client();
    const [short, long] = await Promise.all([
      client.acquire(bench.key('short'), { leaseTime: 300 }),
      client.acquire(bench.key('long'), { leaseTime: 20_000 }),
    ]);
    await aborted(short.signal);
    assert.deepEqual([short.isHeld, long.isHeld], [false, true]);
    assert(long.remainingMs() > 300);
    await long.release();
  }),

  contractCase('lengthens a lease on demand, and never shortens it', ['leases'], async (bench) => {
    const [a, b] = await Promise.all([bench.client(), bench.client()]);
    const key = bench.key();
    const lock = await a.acquire(key, { leaseTime: 900 });
    await pause(300);
    await lock.extend(30_000);
    const rests = async (): Promise<number[]> => [
      lock.remainingMs(),
      (await b.inspect(key)).holders[0]?.remainingMs ?? 0,
    ];
    const long = await bench.restOf(10_000);
    for (const rest of await rests()) assert(rest > long, `${rest} ms are left`);
    await lock.extend(100);
    for (const rest of await rests()) assert(rest > long, `${rest} ms are left after a shorter extension`);
    await pause(900);
    assert.equal(await b.tryAcquire(key), null);
    assert.equal(lock.isHeld, true);
    await lock.release();
  }),

  contractCase('goes on renewing a hold that was extended', ['leases'], async (bench) => {
    const tap = new Tap();
    const client = await bench.client({ tap, watchdogMs: 750 });
    const lock = await client.acquire(bench.key());
    await lock.extend(1_000);
    const extended = tap.count('renew');
    await lull(1_300);
    assert(tap.count('renew') > extended, 'nothing was renewed any more');
    assert.equal(lock.isHeld, true);
    await lock.release();
  }),

  contractCase('does not bring a hold back by extending it after its end', ['leases'], async (bench) => {
    const [a, b] = await Promise.all([bench.client(), bench.client()]);
    const key = bench.key();
    const lock = await a.acquire(key, { leaseTime: 200 });
    await aborted(lock.signal);
    await assert.rejects(lock.extend(5_000), LockLostError);
    // The server may end it a little later than the holder stopped believing.
    const next = await b.acquire(key);
    await next.release();
    await assert.rejects(lock.extend(5_000), LockLostError);
    assert.deepEqual((await b.inspect(key)).holders, []);
  }),

  contractCase(
    'leaves the next holder alone when the last one extends or releases too late',
    ['leases'],
    async (bench) => {
      const [a, b] = await Promise.all([bench.client(), bench.client()]);
      const key = bench.key();
      const lock = await a.acquire(key, { leaseTime: 200 });
      const next = await b.acquire(key, { leaseTime: 5_000 });
      await assert.rejects(lock.extend(60_000), LockLostError);
      await lock.release();
      const [holder, ...others] = (await b.inspect(key)).holders;
      assert.deepEqual([holder?.owner, others], [next.owner, []]);
      assert(holder && holder.remainingMs <= 5_000);
      assert.equal(next.isHeld, true);
      await next.release();
    },
  ),

  contractCase('refuses leases that cannot be, before anything is sent', ['leases'], async (bench) => {
    const tap = new Tap();
    const client = await bench.client({ tap });
    for (const leaseTime of [49, 0, -1, NaN, Infinity, 2 ** 53, '-5s', '5 s'] as number[]) {
      await assert.rejects(client.acquire(bench.key(), { leaseTime }), LockConfigError, String(leaseTime));
    }
    assert.equal(tap.count(), 0);
  }),

  contractCase('keeps a key taken until its minHoldTime is over, for everybody', [], async (bench) => {
    const [a, b] = await Promise.all([bench.client(), bench.client()]);
    const key = bench.key();
    const order: string[] = [];
    const lock = await a.acquire(key, { minHoldTime: 900 });
    const [control, kept] = [pause(600).then(() => order.push('control')), a.acquire(key)];
    await lock.release();
    assert.equal(await a.tryAcquire(key), null);
    assert.equal(await b.tryAcquire(key), null);
    const next = await kept;
    order.push('granted');
    await control;
    assert.deepEqual(order, ['control', 'granted']);
    await next.release();
  }),
];
