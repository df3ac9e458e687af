import { strict as assert } from 'node:assert';
import { LockLostError } from '../../errors.js';
import { deferred } from '../../util/deferred.js';
import { contractCase } from './contract-case.js';
import { Tap } from './tapped-store.js';
import { aborted, countingClock, eventually, lull, within } from './time.js';

/** Short enough to see it end, long enough for a busy machine to renew it. */
const WATCHDOG_MS = 750;

export const watchdog = [
  contractCase('renews a hold for as long as it lasts', ['leases'], async (bench) => {
    const tap = new Tap();
    const [a, b] = await Promise.all([bench.client({ tap, watchdogMs: WATCHDOG_MS }), bench.client()]);
    const key = bench.key();
    const lock = await a.acquire(key);
    const wait = b.acquire(key);
    assert.equal(await within(3 * WATCHDOG_MS, wait), 'late');
    assert.equal(lock.isHeld, true);
    assert(tap.count('renew') >= 6, `${tap.count('renew')} renewals in three leases`);
    await lock.release();
    await (await wait).release();
  }),

  contractCase('renews nothing after the release', ['leases'], async (bench) => {
    const tap = new Tap();
    const client = await bench.client({ tap, watchdogMs: WATCHDOG_MS });
    const key = bench.key();
    const lock = await client.acquire(key);
    await lull(WATCHDOG_MS);
    await lock.release();
    const renewals = tap.count('renew');
    assert(renewals > 0);
    await lull(WATCHDOG_MS);
    assert.equal(tap.count('renew'), renewals);
    assert.deepEqual((await client.inspect(key)).holders, []);
  }),

  contractCase('leaves no timer behind after many short holds', [], async (bench) => {
    const clock = countingClock();
    const client = await bench.client({ clock, watchdogMs: WATCHDOG_MS });
    const key = bench.key();
    const idle = clock.pending;
    for (let round = 0; round < 100; round++) await (await client.acquire(key)).release();
    await lull(50);
    assert.equal(clock.pending, idle);
    await bench.endClients();
    assert.equal(clock.pending, 0);
  }),

  contractCase('goes on renewing for the outer of two nested holds', ['leases'], async (bench) => {
    const [a, b] = await Promise.all([bench.client({ watchdogMs: WATCHDOG_MS }), bench.client()]);
    const key = bench.key();
    await a.withLock(key, async (lock) => {
      await a.withLock(key, () => undefined);
      await lull(2 * WATCHDOG_MS);
      assert.equal(lock.isHeld, true);
      assert.equal(await b.tryAcquire(key), null);
    });
  }),

  contractCase('bounds a body that never ends by its leaseTime', ['leases'], async (bench) => {
    const tap = new Tap();
    const [a, b] = await Promise.all([bench.client({ tap, watchdogMs: WATCHDOG_MS }), bench.client()]);
    const key = bench.key();
    let told: unknown;
    let end: () => void = () => undefined;
    const inside = deferred<void>();
    const endless = a.withLock(key, { leaseTime: 1_200 }, async ({ signal }) => {
      signal.addEventListener('abort', () => (told = signal.reason));
      inside.resolve();
      await new Promise<void>((resolve) => (end = resolve));
    });
    await inside.promise;
    const next = await b.acquire(key);
    await eventually('the body is told', () => told instanceof LockLostError);
    const renewals = tap.count('renew');
    await lull(WATCHDOG_MS);
    assert.equal(tap.count('renew'), renewals);
    end();
    await assert.rejects(endless, LockLostError);
    assert.equal(next.isHeld, true);
    await next.release();
  }),

  contractCase('is told by the renewal where the message of a forced release was lost', [], async (bench) => {
    const tap = new Tap();
    tap.passesHints = false;
    const [a, b] = await Promise.all([bench.client({ tap, watchdogMs: WATCHDOG_MS }), bench.client()]);
    const key = bench.key();
    const lock = await a.acquire(key);
    const attempts = tap.count('acquire');
    assert.equal(await b.forceRelease(key), true);
    await aborted(lock.signal);
    const renewals = tap.count('renew');
    await lull(WATCHDOG_MS);
    assert.deepEqual([tap.count('renew'), tap.count('acquire')], [renewals, attempts]);
    assert.deepEqual((await b.inspect(key)).holders, []);
    await lock.release();
  }),
];
