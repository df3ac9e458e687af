import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { LockRuntime } from '../../../../lib/core/lock-runtime.js';
import { redisStore } from '../../../../lib/stores/redis/index.js';
import { Controls } from '../../../support/control.js';
import { openSession, type OpenSession, requestFor } from '../../../support/open-session.js';
import { RedisServer } from '../../../support/redis-server.js';
import { until } from '../../../support/until.js';

/** A master and one replica that can be kept from hearing of anything. */

let master: RedisServer;
let replica: RedisServer;
const open: OpenSession[] = [];
const runtimes: LockRuntime[] = [];
const controls = new Controls();
let keys = 0;

beforeEach(async () => {
  const args = ['--repl-diskless-sync', 'yes', '--repl-diskless-sync-delay', '0'];
  master = await RedisServer.start({ args });
  replica = await RedisServer.start({ args: [...args, '--replicaof', '127.0.0.1', String(master.port)] });
  await follows();
});
afterEach(async () => {
  await Promise.all(runtimes.splice(0).map((runtime) => runtime.shutdown()));
  await Promise.all(open.splice(0).map((session) => session.close()));
  await Promise.all([master.stop(), replica.stop()]);
});

/** Resolves when it acknowledges: after its first copy it says nothing for up to a second. */
async function follows(): Promise<void> {
  await until('the replica follows', async () => {
    await master.admin.set('follows', '', 'PX', 1);
    return (await master.admin.wait(1, 200)) === 1;
  });
}

async function session(watchdogMs?: number): Promise<OpenSession> {
  const one = await openSession(redisStore({ url: master.url, waitReplicas: 1 }), watchdogMs);
  open.push(one);
  return one;
}

async function client(waitReplicas: number, watchdogMs = 1_500): Promise<LockRuntime> {
  const store = redisStore({ url: master.url, waitReplicas });
  const runtime = new LockRuntime({ store, namespace: 'ack', waitMs: 20_000, watchdogMs, shutdownMs: 0 });
  runtimes.push(runtime);
  await runtime.start();
  return runtime;
}

const newKey = (): string => `ack-${++keys}`;
const leaseOf = (key: string): Promise<number> => master.admin.pttl(`{${key}}`);

describe('a grant that must reach a replica', () => {
  it('is there when it is answered', async () => {
    const a = await session();
    for (let round = 0; round < 50; round++) {
      const request = requestFor(newKey());
      expect((await a.acquire(request)).kind).toBe('held');
      expect(await replica.admin.get(`{${request.keys[0]}}`)).toContain(request.owner);
    }
  });

  it('is an error where none acknowledges it, and busy is busy all the same', async () => {
    const a = await session();
    const taken = requestFor(newKey());
    await a.acquire(taken);
    replica.pause();
    await expect(a.acquire(requestFor(newKey()))).rejects.toMatchObject({
      code: 'LOCK_STORE',
      isTransient: true,
      message: expect.stringContaining('only 0 of 1 replicas'),
    });
    expect((await a.acquire(requestFor(taken.keys[0]!, { takesPlace: false }))).kind).toBe('busy');
    expect((await a.acquire(requestFor(taken.keys[0]!))).kind).toBe('busy');
  });

  it('is given back by a request that does not wait, and never renewed', async () => {
    const a = await client(1);
    const key = newKey();
    replica.pause();
    const asked = a.acquire(key, { waitTime: 0 }).catch((error: unknown) => error);
    await until('the master has it', async () => (await a.inspect(key)).holders.length === 1);
    const text = await master.admin.get(`{ack:${key}}`);
    expect(await asked).toMatchObject({ code: 'LOCK_STORE' });
    await until('it was given back', async () => (await a.inspect(key)).holders.length === 0);
    expect(text).toContain('ndl1');
    expect(await a.tryAcquire(key).catch((error: unknown) => error)).toMatchObject({ code: 'LOCK_STORE' });
  });

  it('is not renewed while it is asked for again and again', async () => {
    const a = await client(1);
    const key = newKey();
    replica.pause();
    let isOver = false;
    const asked = a.acquire(key, { waitTime: 1_200 }).catch((error: unknown) => error);
    void asked.then(() => {
      isOver = true;
    });
    const ends = new Set<string>();
    await until('it was given up', async () => {
      const text = await master.admin.get(`{ack:${key}}`);
      const end = text?.split(' ')[8];
      if (end !== undefined) ends.add(end);
      return isOver;
    });
    // The one grant, with the end it had from the beginning.
    expect(ends.size).toBe(1);
    expect(await asked).toMatchObject({ code: 'LOCK_STORE' });
  });

  it('is held when the replica is back within the wait time', async () => {
    const a = await client(1);
    const key = newKey();
    replica.pause();
    const asked = a.acquire(key);
    await controls.start(master.url, 800);
    replica.resume();
    expect((await asked).isHeld).toBe(true);
  });
});

describe('a renewal that must reach a replica', () => {
  it('moves no deadline while it does not: the holder is told before anybody else may hold', async () => {
    const [a, b] = await Promise.all([client(1), client(0)]);
    const key = newKey();
    const handle = await a.acquire(key);
    const order: string[] = [];
    handle.signal.addEventListener('abort', () => order.push('told'));
    replica.pause();
    const waiting = b.acquire(key).then(() => order.push('granted'));
    await waiting;
    expect(order).toEqual(['told', 'granted']);
    expect(handle.signal.reason).toMatchObject({ code: 'LOCK_LOST' });
  });

  it('is done on the master while a grant before it waits for the replica in vain', async () => {
    const a = await session();
    const held = requestFor(newKey(), { leaseMs: 5_000 });
    const [key] = held.keys;
    await a.acquire(held);
    replica.pause();
    const order: string[] = [];
    const unheard = a.acquire(requestFor(newKey())).catch(() => order.push('grant given up'));
    const renewed = a.renew([{ key: key!, owner: held.owner, leaseMs: 60_000 }]).catch(() => undefined);
    await until('the lease is longer', async () => (await leaseOf(key!)) > 30_000);
    order.push('renewed');
    await Promise.all([unheard, renewed]);
    expect(order).toEqual(['renewed', 'grant given up']);
  });

  it('keeps the lock over a moment in which the replica hears nothing', async () => {
    const a = await client(1, 6_000);
    const key = newKey();
    const handle = await a.acquire(key);
    replica.pause();
    const state = (): Promise<string | null> => master.admin.get(`{ack:${key}}`);
    const before = await state();
    await until('it was renewed on the master', async () => (await state()) !== before);
    replica.resume();
    await controls.start(master.url, 6_500);
    expect(handle.isHeld).toBe(true);
    await handle.release();
  });
});

describe('a new connection that waits for replicas', () => {
  it('writes first, so that WAIT speaks of what an earlier one wrote', async () => {
    const a = await session();
    const [first, second] = [requestFor(newKey()), requestFor(newKey())];
    await a.acquire(first);
    await a.acquire(second);
    const markOf = ({ keys: [key] }: { keys: readonly string[] }): Promise<number> =>
      master.admin.exists(`{${key}}:mark`);
    expect([await markOf(first), await markOf(second)]).toEqual([1, 0]);
    await master.admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await a.heard('all');
    const third = requestFor(newKey());
    await until('it serves', () => a.acquire(third).catch(() => undefined));
    expect(await markOf(third)).toBe(1);
  });
});
