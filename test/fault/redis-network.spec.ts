import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { LockRuntime, type LockRuntimeConfig } from '../../lib/core/lock-runtime.js';
import { redisStore } from '../../lib/stores/redis/index.js';
import { control } from '../support/control.js';
import { openSession, type OpenSession, requestFor } from '../support/open-session.js';
import { RedisServer } from '../support/redis-server.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

/** One client behind a bad wire, another beside it on a good one. */

const MARGIN_MS = 1_500;

let server: RedisServer;
let proxy: TcpProxy;
const runtimes: LockRuntime[] = [];
const sessions: OpenSession[] = [];
let keys = 0;

beforeAll(async () => {
  server = await RedisServer.start();
});
afterEach(async () => {
  proxy?.flow();
  await Promise.all(runtimes.splice(0).map((runtime) => runtime.shutdown()));
  await Promise.all(sessions.splice(0).map((session) => session.close()));
  await proxy?.stop();
});
afterAll(async () => {
  await server.stop();
});

type Settings = Partial<Omit<LockRuntimeConfig, 'store'>>;

async function client(url: string, settings: Settings = {}): Promise<LockRuntime> {
  const store = redisStore({ url });
  const runtime = new LockRuntime({
    store,
    namespace: 'net',
    waitMs: 20_000,
    watchdogMs: 3_000,
    shutdownMs: 0,
    ...settings,
  });
  runtimes.push(runtime);
  await runtime.start();
  return runtime;
}

async function badAndGood(settings: Settings = {}): Promise<[LockRuntime, LockRuntime]> {
  proxy = await TcpProxy.start(server.port);
  return Promise.all([client(proxy.url, settings), client(server.url, settings)]);
}

const newKey = (): string => `net-${++keys}`;
const lineOf = (key: string): Promise<number> => server.admin.zcard(`{net:${key}}:line`);

describe('a client whose wire', () => {
  it('loses the answer to its acquire holds once, and nobody else does', async () => {
    const [bad, good] = await badAndGood();
    const key = newKey();
    const lost = proxy.loseReply('evalsha');
    const handle = await bad.acquire(key);
    await lost;
    const { holders } = await good.inspect(key);
    expect(holders).toMatchObject([{ fencingToken: handle.fencingToken }]);
    expect(await good.tryAcquire(key)).toBeNull();
    await handle.release();
    const next = await good.acquire(key);
    expect(next.fencingToken).toBeGreaterThan(handle.fencingToken);
  });

  it('loses the answer to its release leaves the next holder alone', async () => {
    const [bad, good] = await badAndGood();
    const key = newKey();
    const handle = await bad.acquire(key);
    const waiting = good.acquire(key);
    await until('the other waits', async () => (await lineOf(key)) === 1);
    const lost = proxy.loseReply('evalsha');
    const released = handle.release();
    await lost;
    const next = await waiting;
    await released;
    expect(next.isHeld).toBe(true);
    expect((await good.inspect(key)).holders).toMatchObject([{ owner: next.owner }]);
    expect(handle.signal.aborted).toBe(false);
  });

  it('loses the answer that gave it a place keeps one place', async () => {
    const [bad, good] = await badAndGood();
    const key = newKey();
    const holder = await good.acquire(key);
    const lost = proxy.loseReply('evalsha');
    const waiting = bad.acquire(key);
    await lost;
    await holder.release();
    expect((await waiting).isHeld).toBe(true);
    expect(await lineOf(key)).toBe(0);
  });

  it('delivers an acquire late makes no ghost of a request that gave up', async () => {
    const [bad, good] = await badAndGood();
    const key = newKey();
    proxy.hold('toServer');
    await expect(bad.acquire(key, { waitTime: 200 })).rejects.toMatchObject({ code: 'LOCK_STORE' });
    const first = await good.acquire(key);
    proxy.flow();
    await first.release();
    await until('nobody holds', async () => (await good.inspect(key)).holders.length === 0);
    const next = await good.acquire(key);
    expect(next.isHeld).toBe(true);
    await next.release();
  });

  it('is down for a part of its lease keeps its lock', async () => {
    const [bad, good] = await badAndGood();
    const key = newKey();
    const handle = await bad.acquire(key);
    proxy.refuse();
    proxy.reset();
    await control(server.url, 1_200);
    proxy.flow();
    await control(server.url, 4_000);
    expect(handle.isHeld).toBe(true);
    expect(await good.tryAcquire(key)).toBeNull();
    await handle.release();
    expect(handle.signal.aborted).toBe(false);
  });

  it('becomes a black hole is told that it lost before anybody else may hold', async () => {
    const [bad, good] = await badAndGood();
    const key = newKey();
    const handle = await bad.acquire(key);
    const order: string[] = [];
    handle.signal.addEventListener('abort', () => order.push('told'));
    const waiting = good.acquire(key).then((next) => {
      order.push('granted');
      return next;
    });
    await until('the other waits', async () => (await lineOf(key)) === 1);
    proxy.swallow('toServer', 'toClient');
    const next = await waiting;
    expect(order).toEqual(['told', 'granted']);
    expect(handle.signal.reason).toMatchObject({ code: 'LOCK_LOST' });
    await next.release();
  });

  it('swallows only what comes back finds out by itself, and goes on over a new one', async () => {
    const [bad] = await badAndGood();
    const key = newKey();
    await (await bad.acquire(key)).release();
    proxy.swallow('toClient');
    const asked = bad.acquire(key, { waitTime: 60_000 });
    await control(server.url, 300);
    proxy.flow();
    // The old connection stays dumb: its answers are lost, and nobody says so.
    expect((await asked).isHeld).toBe(true);
  });

  it('loses all its messages is granted by its own looks', async () => {
    const [bad, good] = await badAndGood();
    const key = newKey();
    const holder = await good.acquire(key);
    const waiting = bad.acquire(key);
    await until('it waits', async () => (await lineOf(key)) === 1);
    await server.admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await holder.release();
    const first = await Promise.race([waiting, control(server.url, 750 + MARGIN_MS)]);
    expect(first).toMatchObject({ isHeld: true });
  });

  it('is slow holds no longer than it may', async () => {
    const [bad, good] = await badAndGood();
    const key = newKey();
    proxy.delay(30);
    const handle = await bad.acquire(key, { leaseTime: 400 });
    // The answer alone took longer than the wire's delay, twice.
    expect(handle.remainingMs()).toBeLessThan(400 - 2 * 29);
    const next = await good.acquire(key);
    expect(handle.isHeld).toBe(false);
    expect(next.fencingToken).toBeGreaterThan(handle.fencingToken);
  });
});

describe('a session behind a bad wire', () => {
  it('rejects what is under way when it is closed', async () => {
    proxy = await TcpProxy.start(server.port);
    const session = await openSession(redisStore({ url: proxy.url }));
    sessions.push(session);
    const { reached } = proxy.holdReply('evalsha');
    const asked = session.acquire(requestFor(newKey())).catch((error: unknown) => error);
    await reached;
    await session.close();
    expect(await asked).toMatchObject({ code: 'LOCK_STORE', isTransient: false });
  });

  it('hears again after its subscription was cut, and says that messages may have been missed', async () => {
    proxy = await TcpProxy.start(server.port);
    const session = await openSession(redisStore({ url: proxy.url }));
    sessions.push(session);
    proxy.cut();
    await session.heard('all');
    const [first, second] = [requestFor('heard'), requestFor('heard')];
    await until('it serves', () =>
      session.acquire(first).then(
        () => true,
        () => false,
      ),
    );
    await session.acquire(second);
    await until('it is called', async () => {
      await session.release({ keys: ['heard'], owner: first.owner, refuses: false, keepMs: 0 });
      return session.hints.some((hint) => hint.kind === 'called' && hint.owner === second.owner);
    });
    expect((await session.acquire(second)).kind).toBe('held');
  });

  it('notices that its subscription has become dumb, though nothing is said on it', async () => {
    proxy = await TcpProxy.start(server.port);
    const session = await openSession(redisStore({ url: proxy.url }), 1_000);
    sessions.push(session);
    proxy.swallow('toServer', 'toClient');
    await control(server.url, 200);
    await until('the old connections are given up', async () => {
      const list = String(await server.admin.client('LIST'));
      return !list.includes('sub=1');
    });
    proxy.flow();
    await session.heard('all');
    expect(session.hints).toContainEqual({ kind: 'all' });
  });
});
