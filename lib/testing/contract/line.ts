import { strict as assert } from 'node:assert';
import { CLAIM_MS, MODE_CAPACITY, SILENT_MS } from '../../line/store.js';
import { randomId } from '../../util/random.js';
import { contractCase } from './contract-case.js';
import { leaving, requestFor } from './requests.js';
import { eventually, lull, pause } from './time.js';
import { grantsOf } from './verbs.js';

const READER = { capacity: MODE_CAPACITY, weight: 1 } as const;

/** The line of a key, seen through the port's commands: places, calls, claims, silence, yield. */
export const theLine = [
  contractCase('lets nobody pass those who wait, and keeps their order', ['fairOrder'], async (bench) => {
    const session = await bench.session();
    const key = bench.storeKey();
    const [held, first, second] = [requestFor(key), requestFor(key), requestFor(key)];
    grantsOf(await session.acquire(held));
    for (const waiter of [first, second, first]) assert.equal((await session.acquire(waiter)).kind, 'busy');
    assert.equal((await session.inspect(key)).waiters, 2);
    await session.release(leaving(held));
    assert.equal((await session.acquire(requestFor(key, { takesPlace: false }))).kind, 'busy');
    assert.equal((await session.acquire(second)).kind, 'busy');
    grantsOf(await session.acquire(first));
    await session.release(leaving(first));
    grantsOf(await session.acquire(second));
    await session.release(leaving(second));
  }),

  contractCase('calls the first in the line alone', ['fairOrder', 'message'], async (bench) => {
    const [a, b, c] = [await bench.session(), await bench.session(), await bench.session()];
    const key = bench.storeKey();
    const [held, first, second] = [requestFor(key), requestFor(key), requestFor(key)];
    grantsOf(await a.acquire(held));
    await b.acquire(first);
    await c.acquire(second);
    await a.release(leaving(held));
    const isCall =
      (owner: string) =>
      (hint: object): boolean =>
        'owner' in hint && hint.owner === owner;
    await eventually('the first is called', () => b.hints.some(isCall(first.owner)));
    assert(!c.hints.some(isCall(second.owner)));
    await b.release(leaving(first));
    await eventually('the second is called', () => c.hints.some(isCall(second.owner)));
    await c.release(leaving(second));
  }),

  contractCase(
    'calls readers that stand next to each other together',
    ['fairOrder', 'message', 'shared'],
    async (bench) => {
      const [a, b] = [await bench.session(), await bench.session()];
      const key = bench.storeKey();
      const held = requestFor(key);
      const readers = [requestFor(key, READER), requestFor(key, READER)];
      const [writer, late] = [requestFor(key), requestFor(key, READER)];
      grantsOf(await a.acquire(held));
      for (const waiter of [...readers, writer, late]) assert.equal((await b.acquire(waiter)).kind, 'busy');
      await a.release(leaving(held));
      const called = (): unknown[] => b.hints.flatMap((hint) => (hint.kind === 'called' ? [hint.owner] : []));
      await eventually('both readers are called', () =>
        readers.every(({ owner }) => called().includes(owner)),
      );
      for (const reader of readers) grantsOf(await b.acquire(reader));
      assert.equal((await b.acquire(late)).kind, 'busy');
      assert(!called().includes(writer.owner) && !called().includes(late.owner));
      for (const request of [...readers, writer, late]) await b.release(leaving(request));
    },
  ),

  contractCase(
    'passes over who was called and does not come, and serves it first when it does',
    ['fairOrder', 'ownLease'],
    async (bench) => {
      const session = await bench.session();
      const key = bench.storeKey();
      const [held, sleeper, next, third] = [
        requestFor(key),
        requestFor(key),
        requestFor(key),
        requestFor(key),
      ];
      grantsOf(await session.acquire(held));
      for (const waiter of [sleeper, next]) await session.acquire(waiter);
      await session.release(leaving(held));
      const reply = await session.acquire(next);
      assert(reply.kind === 'busy' && reply.lookInMs <= CLAIM_MS, JSON.stringify(reply));
      await pause(CLAIM_MS + 20);
      grantsOf(await session.acquire(next));
      await session.acquire(third);
      assert.equal((await session.acquire(sleeper)).kind, 'busy');
      await session.release(leaving(next));
      assert.equal((await session.acquire(third)).kind, 'busy');
      grantsOf(await session.acquire(sleeper));
      for (const request of [sleeper, third]) await session.release(leaving(request));
    },
  ),

  contractCase('forgets who has been silent for long', ['fairOrder', 'ownLease'], async (bench) => {
    const session = await bench.session();
    const key = bench.storeKey();
    const [held, silent, next] = [requestFor(key), requestFor(key), requestFor(key)];
    grantsOf(await session.acquire(held));
    await session.acquire(silent);
    await lull(SILENT_MS + 50);
    await session.acquire(next);
    await session.release(leaving(held));
    grantsOf(await session.acquire(next));
    assert.equal((await session.inspect(key)).waiters, 0);
    await session.release(leaving(next));
  }),

  contractCase('gives the place up with the release', ['fairOrder'], async (bench) => {
    const session = await bench.session();
    const key = bench.storeKey();
    const [held, gone, next] = [requestFor(key), requestFor(key), requestFor(key)];
    grantsOf(await session.acquire(held));
    for (const waiter of [gone, next]) await session.acquire(waiter);
    await session.release(leaving(gone));
    assert.equal((await session.inspect(key)).waiters, 1);
    await session.release(leaving(held));
    grantsOf(await session.acquire(next));
    await session.release(leaving(next));
  }),

  contractCase(
    'holds on under a new block where it yields and nobody waits',
    ['fairOrder'],
    async (bench) => {
      const session = await bench.session();
      const key = bench.storeKey();
      const old = requestFor(key);
      const fresh = requestFor(key, { replaces: old.owner });
      const [before] = grantsOf(await session.acquire(old));
      const [after] = grantsOf(await session.acquire(fresh));
      assert(before && after && after.token > before.token);
      const [again] = grantsOf(await session.acquire(fresh));
      assert.equal(again?.token, after.token);
      assert.deepEqual(
        (await session.inspect(key)).holders.map((one) => one.owner),
        [fresh.owner],
      );
      await session.release(leaving(fresh));
    },
  ),

  contractCase('goes behind the line where it yields and somebody waits', ['fairOrder'], async (bench) => {
    const session = await bench.session();
    const key = bench.storeKey();
    const [old, waiter] = [requestFor(key), requestFor(key)];
    const fresh = requestFor(key, { replaces: old.owner });
    grantsOf(await session.acquire(old));
    await session.acquire(waiter);
    assert.equal((await session.acquire(fresh)).kind, 'busy');
    grantsOf(await session.acquire(waiter));
    // As after a lost answer: the same command again must not touch whoever holds now.
    assert.equal((await session.acquire(fresh)).kind, 'busy');
    assert.deepEqual(
      (await session.inspect(key)).holders.map((one) => one.owner),
      [waiter.owner],
    );
    await session.release(leaving(waiter));
    grantsOf(await session.acquire(fresh));
    assert.equal((await session.acquire({ ...old, takesPlace: false })).kind, 'busy');
    await session.release(leaving(fresh));
  }),

  contractCase(
    'joins the line of the first busy key, and keeps those before it',
    ['fairOrder'],
    async (bench) => {
      const session = await bench.session();
      const keys = [bench.storeKey('a'), bench.storeKey('b'), bench.storeKey('c')];
      const middle = requestFor(keys[1]!);
      const all = requestFor('', { keys });
      grantsOf(await session.acquire(middle));
      const reply = await session.acquire(all);
      assert(reply.kind === 'busy' && reply.grants.length === 1, JSON.stringify(reply));
      const waiters = await Promise.all(keys.map(async (key) => (await session.inspect(key)).waiters));
      assert.deepEqual(waiters, [0, 1, 0]);
      await session.release(leaving(middle));
      const grants = grantsOf(await session.acquire(all));
      assert.deepEqual([grants.length, grants[0]?.token], [3, reply.grants[0]?.token]);
      await session.release(leaving(all));
    },
  ),

  contractCase('hands a key on when it is released by force', ['fairOrder', 'message'], async (bench) => {
    const [a, b] = [await bench.session(), await bench.session()];
    const key = bench.storeKey();
    const [held, waiter] = [requestFor(key), requestFor(key)];
    grantsOf(await a.acquire(held));
    await b.acquire(waiter);
    assert.equal(await b.forceRelease(key), true);
    const has =
      (kind: string, owner: string) =>
      (hint: object): boolean =>
        'owner' in hint && hint.owner === owner && 'kind' in hint && hint.kind === kind;
    await eventually('the holder is told', () => a.hints.some(has('gone', held.owner)));
    await eventually('the waiter is called', () => b.hints.some(has('called', waiter.owner)));
    grantsOf(await b.acquire(waiter));
    await b.release(leaving(waiter));
  }),

  contractCase(
    'calls the next when the head withdraws while it is called',
    ['fairOrder', 'message'],
    async (bench) => {
      const [a, b] = [await bench.session(), await bench.session()];
      const key = bench.storeKey();
      const [held, head, next] = [requestFor(key), requestFor(key), requestFor(key)];
      grantsOf(await a.acquire(held));
      await a.acquire(head);
      await b.acquire(next);
      await a.release(leaving(held));
      await a.release(leaving(head, { refuses: true }));
      await eventually('the next is called', () => b.hints.some((hint) => hint.kind === 'called'));
      grantsOf(await b.acquire(next));
      assert.deepEqual(await a.acquire(head), { kind: 'refused' });
      await b.release(leaving(next));
    },
  ),

  contractCase('lets a request wait as long as it looks', ['fairOrder'], async (bench) => {
    const session = await bench.session();
    const key = bench.storeKey();
    const [held, waiter] = [requestFor(key), requestFor(key)];
    grantsOf(await session.acquire(held));
    for (let look = 0; look < 5; look++) {
      assert.equal((await session.acquire(waiter)).kind, 'busy');
      await pause(700);
    }
    assert.equal(
      (await session.acquire(requestFor(key, { owner: randomId(), takesPlace: false }))).kind,
      'busy',
    );
    assert.equal((await session.inspect(key)).waiters, 1);
    await session.release(leaving(held));
    grantsOf(await session.acquire(waiter));
    await session.release(leaving(waiter));
  }),
];
