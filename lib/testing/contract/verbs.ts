import { strict as assert } from 'node:assert';
import { type AcquireReply, type Grant, TOKEN_BLOCK } from '../../line/store.js';
import { randomId } from '../../util/random.js';
import { contractCase } from './contract-case.js';
import { leaving, requestFor } from './requests.js';
import { eventually, pause } from './time.js';

/** The grants of a reply that has to hold. */
export function grantsOf(reply: AcquireReply): readonly Grant[] {
  assert.equal(reply.kind, 'held');
  return (reply as AcquireReply & { kind: 'held' }).grants;
}

/** The port's commands by themselves, as every store has to answer them. */
export const verbs = [
  contractCase('answers a repeated acquire with the same hold, changing nothing', [], async (bench) => {
    const session = await bench.session();
    const request = requestFor(bench.storeKey());
    const [first] = grantsOf(await session.acquire(request));
    const [again] = grantsOf(await session.acquire(request));
    assert.equal(again?.token, first?.token);
    assert(first && first.restMs > 0 && first.restMs <= request.leaseMs);
    assert(again && again.restMs > 0 && again.restMs <= request.leaseMs);
    // What is sure of a session may have grown meanwhile.
    if (session.store.capabilities.keptBy !== 'session') assert(again.restMs <= first.restMs);
    assert.equal((await session.inspect(request.keys[0]!)).holders.length, 1);
    await session.release(leaving(request));
  }),

  contractCase('answers busy without a grant, and takes no place unless asked to', [], async (bench) => {
    const [a, b] = [await bench.session(), await bench.session()];
    const key = bench.storeKey();
    const held = requestFor(key);
    await a.acquire(held);
    const reply = await b.acquire(requestFor(key, { takesPlace: false }));
    assert.equal(reply.kind, 'busy');
    assert.deepEqual(reply.kind === 'busy' && reply.grants, []);
    assert.equal((await b.inspect(key)).waiters, 0);
    await a.release(leaving(held));
  }),

  contractCase('leaves another owner’s hold alone when a release comes twice', [], async (bench) => {
    const [a, b] = [await bench.session(), await bench.session()];
    const key = bench.storeKey();
    const [first, second] = [requestFor(key), requestFor(key)];
    grantsOf(await a.acquire(first));
    await a.release(leaving(first));
    const [grant] = grantsOf(await b.acquire(second));
    await a.release(leaving(first, { refuses: true }));
    await a.release(leaving(requestFor(key)));
    const { holders } = await a.inspect(key);
    assert.deepEqual(
      holders.map(({ owner, token }) => [owner, token]),
      [[second.owner, grant?.token]],
    );
    await b.release(leaving(second));
  }),

  contractCase(
    'refuses an owner that was given up while a command of it was under way',
    [],
    async (bench) => {
      const session = await bench.session();
      const key = bench.storeKey();
      const late = requestFor(key);
      await session.release(leaving(late, { refuses: true }));
      assert.deepEqual(await session.acquire(late), { kind: 'refused' });
      assert.deepEqual((await session.inspect(key)).holders, []);
      const other = requestFor(key);
      grantsOf(await session.acquire(other));
      await session.release(leaving(other));
    },
  ),

  contractCase('grants blocks of tokens that do not meet', [], async (bench) => {
    const session = await bench.session();
    const key = bench.storeKey();
    let last = -TOKEN_BLOCK;
    for (let grant = 0; grant < 5; grant++) {
      const request = requestFor(key);
      const [{ token } = { token: 0 }] = grantsOf(await session.acquire(request));
      assert(token >= last + TOKEN_BLOCK && Number.isSafeInteger(token), `${last}, then ${token}`);
      last = token;
      await session.release(leaving(request));
    }
  }),

  contractCase('shows an unknown key as free, and does not make it', [], async (bench) => {
    const session = await bench.session();
    const { holders, waiters } = await session.inspect(bench.storeKey());
    assert.deepEqual([holders, waiters], [[], 0]);
    assert.equal(await session.forceRelease(bench.storeKey()), false);
  }),

  contractCase('takes several keys in order, all or none without a place', [], async (bench) => {
    const [a, b] = [await bench.session(), await bench.session()];
    const keys = [bench.storeKey('a'), bench.storeKey('b'), bench.storeKey('c')];
    const middle = requestFor(keys[1]!);
    await a.acquire(middle);
    const all = requestFor('', { keys, takesPlace: false });
    const reply = await b.acquire(all);
    assert.deepEqual([reply.kind, reply.kind === 'busy' && reply.grants], ['busy', []]);
    for (const key of [keys[0]!, keys[2]!]) assert.deepEqual((await a.inspect(key)).holders, []);
    await a.release(leaving(middle));
    const retry = { ...all, owner: randomId() };
    const grants = grantsOf(await b.acquire(retry));
    assert.equal(grants.length, 3);
    for (const [index, key] of keys.entries()) {
      assert.equal((await a.inspect(key)).holders[0]?.token, grants[index]?.token);
    }
    await b.release(leaving(retry));
  }),

  contractCase('answers each renewal with the rest, and never shortens it', ['leases'], async (bench) => {
    const session = await bench.session();
    const held = requestFor(bench.storeKey(), { leaseMs: 5_000 });
    const [key] = held.keys;
    grantsOf(await session.acquire(held));
    const rest = async (owner: string, leaseMs: number): Promise<number> => {
      const [first, ...others] = await session.renew([{ key: key!, owner, leaseMs }]);
      assert.deepEqual(others, []);
      return first!;
    };
    assert((await rest(held.owner, 0)) <= 5_000);
    const long = await bench.restOf(20_000);
    assert((await rest(held.owner, 30_000)) > long);
    assert((await rest(held.owner, 100)) > long);
    const stranger = randomId();
    const two = [stranger, held.owner].map((owner) => ({ key: key!, owner, leaseMs: 1_000 }));
    const [none, some] = await session.renew(two);
    assert(none === 0 && some! > (await bench.restOf(15_000)), `${none} and ${some}`);
    assert.deepEqual(await session.renew([]), []);
    await session.release(leaving(held));
    assert.equal(await rest(held.owner, 1_000), 0);
    assert.deepEqual((await session.inspect(key!)).holders, []);
  }),

  contractCase('does not bring a hold back by renewing it after its end', ['leases'], async (bench) => {
    const session = await bench.session();
    const request = requestFor(bench.storeKey(), { leaseMs: 100 });
    const [key] = request.keys;
    grantsOf(await session.acquire(request));
    await pause(150);
    assert.deepEqual(await session.renew([{ key: key!, owner: request.owner, leaseMs: 10_000 }]), [0]);
    assert.deepEqual((await session.inspect(key!)).holders, []);
    const next = requestFor(key!, { takesPlace: false });
    grantsOf(await session.acquire(next));
    await session.release(leaving(next));
  }),

  contractCase('keeps what remains of a minHoldTime under no owner', ['leases'], async (bench) => {
    const [a, b] = [await bench.session(), await bench.session()];
    const held = requestFor(bench.storeKey());
    const [key] = held.keys;
    const [grant] = grantsOf(await a.acquire(held));
    await a.release(leaving(held, { keepMs: 400 }));
    assert.deepEqual(await a.renew([{ key: key!, owner: held.owner, leaseMs: 20_000 }]), [0]);
    const [rest] = (await b.inspect(key!)).holders;
    assert.deepEqual([rest?.owner, rest?.token], ['', grant?.token]);
    const next = requestFor(key!);
    const reply = await b.acquire(next);
    assert(reply.kind === 'busy' && (reply.lookInMs <= 400 || reply.lookInMs === Infinity));
    // Whoever cannot be told when it ends is called when it has.
    const isCalled = (): boolean => b.hints.some((hint) => 'owner' in hint && hint.owner === next.owner);
    if (reply.lookInMs === Infinity) await eventually('the next is called', isCalled);
    else await pause(420);
    grantsOf(await b.acquire(next));
    await b.release(leaving(next));
  }),

  contractCase('tells of a conflict while another capacity is in use', ['permits'], async (bench) => {
    const [a, b] = [await bench.session(), await bench.session()];
    const key = bench.storeKey();
    const three = requestFor(key, { capacity: 3, weight: 2 });
    const five = requestFor(key, { capacity: 5, weight: 1 });
    grantsOf(await a.acquire(three));
    assert.deepEqual(await b.acquire(five), { kind: 'conflict', grants: [], capacity: 3 });
    const one = requestFor(key, { capacity: 3, weight: 1 });
    grantsOf(await b.acquire(one));
    await Promise.all([a.release(leaving(three)), b.release(leaving(one))]);
    grantsOf(await b.acquire(five));
    assert.equal((await b.inspect(key)).capacity, 5);
    await b.release(leaving(five));
  }),
];
