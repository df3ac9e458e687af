import { strict as assert } from 'node:assert';
import { LockTimeoutError } from '../../errors.js';
import { contractCase } from './contract-case.js';
import { Tap } from './tapped-store.js';
import { eventually, lull, refusal, withWallClockAhead, within } from './time.js';

/** Shorter than the look that a waiter takes without any message. */
const SOONER_THAN_A_LOOK_MS = 400;

export const waiting = [
  contractCase('ends the wait with a LockTimeoutError, not before its time', [], async (bench) => {
    const [a, b] = await Promise.all([bench.client(), bench.client()]);
    const key = bench.key();
    const lock = await a.acquire(key);
    const wait = refusal(b.acquire(key, { waitTime: 250 }));
    const error = await within(2_500, wait);
    assert(error instanceof LockTimeoutError);
    assert(error.waitedMs >= 249, `it waited for ${error.waitedMs} ms`);
    assert.equal(error.key, key);
    assert.equal(lock.isHeld, true);
    await lock.release();
  }),

  contractCase('gives the key to a waiter after the release', [], async (bench) => {
    const [a, b] = await Promise.all([bench.client(), bench.client()]);
    const key = bench.key();
    const lock = await a.acquire(key);
    const wait = b.acquire(key);
    await bench.untilWaiting(key, 1);
    assert.equal(await within(100, wait), 'late');
    await lock.release();
    const next = await wait;
    assert(next.fencingToken > lock.fencingToken);
    await next.release();
  }),

  contractCase(
    'wakes a waiter by message, long before it would look by itself',
    ['message'],
    async (bench) => {
      const [a, b] = await Promise.all([bench.client(), bench.client()]);
      const key = bench.key();
      const lock = await a.acquire(key);
      const wait = b.acquire(key);
      await bench.untilWaiting(key, 1);
      await lock.release();
      const next = await within(SOONER_THAN_A_LOOK_MS, wait);
      assert(next !== 'late', 'it was not woken');
      await next.release();
    },
  ),

  contractCase('finds a free key although the message was lost', [], async (bench) => {
    const tap = new Tap();
    tap.passesHints = false;
    const [a, b] = await Promise.all([bench.client(), bench.client({ tap })]);
    const key = bench.key();
    const lock = await a.acquire(key);
    const wait = b.acquire(key);
    await bench.untilWaiting(key, 1);
    await lock.release();
    const next = await within(2_500, wait);
    assert(next !== 'late', 'it never looked');
    await next.release();
  }),

  contractCase(
    'takes a free key with waitTime 0 in one attempt, without a place in the line',
    [],
    async (bench) => {
      const tap = new Tap();
      const client = await bench.client({ tap });
      const key = bench.key();
      const lock = await client.acquire(key, { waitTime: 0 });
      assert.equal(tap.count('acquire'), 1);
      assert.equal((await client.inspect(key)).waiters, 0);
      await lock.release();
      assert.equal(tap.count('release'), 1);
    },
  ),

  contractCase(
    'waits without end where Infinity is asked for, until it is aborted',
    ['message'],
    async (bench) => {
      const tap = new Tap();
      const [a, b] = await Promise.all([bench.client(), bench.client({ tap, waitMs: 50 })]);
      const key = bench.key();
      const lock = await a.acquire(key);
      const controller = new AbortController();
      const wait = b.acquire(key, { waitTime: Infinity, signal: controller.signal });
      await bench.untilWaiting(key, 1);
      assert.equal(await within(1_200, wait), 'late');
      // Two looks in that time, and one on the way in; each more would be work for nothing.
      assert(tap.count('acquire') <= 5, `${tap.count('acquire')} attempts`);
      const reason = new Error('enough');
      controller.abort(reason);
      await assert.rejects(wait, (error) => error === reason);
      await eventually('its place is given up', async () => (await a.inspect(key)).waiters === 0);
      await lock.release();
    },
  ),

  contractCase('waits as long as the module says where nothing else is asked for', [], async (bench) => {
    const [a, b] = await Promise.all([bench.client(), bench.client({ waitMs: 150 })]);
    const key = bench.key();
    const lock = await a.acquire(key);
    await assert.rejects(
      b.acquire(key),
      (error) => error instanceof LockTimeoutError && error.waitedMs >= 149,
    );
    await lock.release();
  }),

  contractCase('gives each waiter of one process its own end of the wait', [], async (bench) => {
    const [a, b] = await Promise.all([bench.client(), bench.client()]);
    const key = bench.key();
    const lock = await a.acquire(key);
    const ended: number[] = [];
    const waitFor = async (waitTime: number): Promise<void> => {
      const error = await refusal(b.acquire(key, { waitTime }));
      assert(error instanceof LockTimeoutError && error.waitedMs >= waitTime - 1);
      ended.push(waitTime);
    };
    await Promise.all([waitFor(450), waitFor(150), waitFor(300)]);
    assert.deepEqual(ended, [150, 300, 450]);
    await lock.release();
  }),

  contractCase(
    'does not let a place that was given up delay the next',
    ['fairOrder', 'message'],
    async (bench) => {
      const [a, b, c] = await bench.clientsOf(3);
      const key = bench.key();
      const lock = await a!.acquire(key);
      const gone = refusal(b!.acquire(key, { waitTime: 200 }));
      await bench.untilWaiting(key, 1);
      const wait = c!.acquire(key);
      await bench.untilWaiting(key, 2);
      assert((await gone) instanceof LockTimeoutError);
      await lock.release();
      const next = await within(SOONER_THAN_A_LOOK_MS, wait);
      assert(next !== 'late', 'it waited for somebody who had gone');
      await next.release();
    },
  ),

  contractCase('counts the wait on a clock that no administrator moves', [], async (bench) => {
    const [a, b] = await Promise.all([bench.client(), bench.client()]);
    const key = bench.key();
    const lock = await a.acquire(key);
    const wait = b.acquire(key, { waitTime: 60_000 });
    await withWallClockAhead(3_600_000, async () => {
      assert.equal(await within(200, wait), 'late');
      await lock.release();
      const next = await wait;
      await lull(50);
      assert.equal(next.isHeld, true);
      await next.release();
    });
  }),
];
