import { afterEach, describe, expect, it } from '@jest/globals';
import { LockRuntime, type LockRuntimeConfig } from '../../lib/core/lock-runtime.js';
import type { LockHandle, LockOptions } from '../../lib/index.js';
import { quorumStore, type QuorumOptions } from '../../lib/stores/quorum/index.js';
import { redisStore } from '../../lib/stores/redis/index.js';
import { assertHistory, recordHistory } from '../../lib/testing/index.js';
import { systemClock } from '../../lib/util/clock.js';
import { Controls } from '../support/control.js';
import { RedisServer } from '../support/redis-server.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

/** Quorums of real servers that are killed, stopped and restarted without their data. */

const WATCHDOG_MS = 2_000;
const KEY = 'fault';
const STATE = `{quorum:${KEY}}`;

let servers: RedisServer[] = [];
let proxies: TcpProxy[] = [];
const controls = new Controls();
let runtimes: LockRuntime[] = [];

const throughProxies = (): string[] => proxies.map((proxy, index) => proxy.through(servers[index]!.url));

afterEach(async () => {
  await controls.end();
  for (const proxy of proxies) proxy.flow();
  await Promise.all(runtimes.map((runtime) => runtime.shutdown()));
  await Promise.all(proxies.map((proxy) => proxy.stop()));
  await Promise.all(servers.map((server) => server.stop()));
  [servers, proxies, runtimes] = [[], [], []];
});

async function start(count: number): Promise<RedisServer[]> {
  servers = await Promise.all(Array.from({ length: count }, () => RedisServer.start()));
  return servers;
}

type Settings = QuorumOptions & Partial<Omit<LockRuntimeConfig, 'store'>>;

async function client(
  urls: readonly string[],
  { restartDelay, ...config }: Settings = {},
): Promise<LockRuntime> {
  const options = restartDelay === undefined ? {} : { restartDelay };
  const store = quorumStore(
    urls.map((url) => redisStore({ url })),
    options,
  );
  const defaults = { namespace: 'quorum', waitMs: 20_000, watchdogMs: WATCHDOG_MS, shutdownMs: 0 };
  const runtime = new LockRuntime({ ...defaults, ...config, store });
  runtimes.push(runtime);
  await runtime.start();
  return runtime;
}

const clientOf = (settings: Settings = {}): Promise<LockRuntime> =>
  client(
    servers.map(({ url }) => url),
    settings,
  );

/** Whether anybody holds or waits on a server; its last token alone may stay. */
async function isFree({ admin }: RedisServer): Promise<boolean> {
  const state = await admin.get(STATE);
  return (state === null || /^ndl1 \d+ \d+$/.test(state)) && (await admin.zcard(`${STATE}:line`)) === 0;
}

async function waitUntilFree(of: readonly RedisServer[]): Promise<void> {
  await until('nothing is left', async () => (await Promise.all(of.map(isFree))).every((free) => free));
}

describe('a quorum of five', () => {
  it('works while two of its servers are dead, and says that it is down when three are', async () => {
    await start(5);
    const [a, b] = [await clientOf(), await clientOf()];
    await Promise.all(servers.slice(3).map((server) => server.kill()));
    const held = await a.acquire(KEY);
    expect(await b.tryAcquire(KEY)).toBeNull();
    const waiting = b.acquire(KEY);
    await held.release();
    const next = await waiting;
    expect(next.fencingToken).toBeGreaterThan(held.fencingToken);
    await next.release();
    await servers[2]!.kill();
    const living = servers.slice(0, 2);
    await expect(a.acquire(KEY, { waitTime: 1_500 })).rejects.toMatchObject({ code: 'LOCK_STORE' });
    await expect(a.tryAcquire(KEY)).rejects.toMatchObject({ code: 'LOCK_STORE' });
    await waitUntilFree(living);
  });

  it('leaves nothing on the living where its other servers are stopped and answer much later', async () => {
    await start(5);
    const a = await clientOf();
    const stopped = servers.slice(2);
    for (const server of stopped) server.pause();
    await expect(a.acquire(KEY, { waitTime: 500 })).rejects.toMatchObject({ code: 'LOCK_STORE' });
    await waitUntilFree(servers.slice(0, 2));
    for (const server of stopped) server.resume();
    await waitUntilFree(servers);
    await (await a.acquire(KEY)).release();
  });
});

describe('a quorum of three', () => {
  it('does not wait for a server that is stopped, and leaves nothing on it', async () => {
    await start(3);
    const [a, b] = [await clientOf(), await clientOf()];
    // Also where it is the one that keeps the line.
    for (const stopped of [servers[2]!, servers[0]!]) {
      stopped.pause();
      const late = controls.start(servers[1]!.url, 900);
      const held = await Promise.race([a.acquire(KEY), late]);
      expect(held).toMatchObject({ isHeld: true });
      const waiting = b.acquire(KEY);
      await (held as LockHandle).release();
      await (await waiting).release();
      await late;
      stopped.resume();
      await waitUntilFree(servers);
    }
  });

  it('keeps a lock through the restarts of one server after the other, where the data is kept', async () => {
    servers = await Promise.all(Array.from({ length: 3 }, () => RedisServer.start({ keepsData: true })));
    const [a, b] = [await clientOf({ watchdogMs: 6_000 }), await clientOf({ watchdogMs: 6_000 })];
    const held = await a.acquire(KEY);
    for (const server of servers) {
      await server.restart();
      await controls.start(server.url, 1_000);
    }
    expect(held.isHeld).toBe(true);
    await expect(b.acquire(KEY, { waitTime: 300 })).rejects.toMatchObject({
      code: expect.stringMatching(/LOCK_(TIMEOUT|STORE)/),
    });
    await held.release();
    expect(held.signal.aborted).toBe(false);
  });

  it('lets nobody hold beside a holder of whose majority one server came back empty', async () => {
    await start(3);
    const [first, second, third] = servers as [RedisServer, RedisServer, RedisServer];
    proxies = await Promise.all(servers.map(({ port }) => TcpProxy.start(port)));
    const a = await client(throughProxies());
    await third.kill();
    const held = await a.acquire(KEY);
    await third.restart();
    // B has never seen the third one down, and it asks the others first: nobody who knows the holder is its lead.
    const b = await client([third, second, first].map(({ url }) => url));
    // A learns of nothing, and believes until its own deadline.
    for (const proxy of proxies) proxy.swallow('toServer', 'toClient');
    await second.restart();
    const next = await b.acquire(KEY);
    expect(held.isHeld).toBe(false);
    expect(next.fencingToken).toBeGreaterThan(held.fencingToken);
    await next.release();
    await waitUntilFree([second, third]);
  });

  it('goes on at once where only the network failed, on all of its servers', async () => {
    await start(3);
    proxies = await Promise.all(servers.map(({ port }) => TcpProxy.start(port)));
    // An hour: whoever has to wait for it, waits in vain.
    const a = await client(throughProxies(), { restartDelay: '1h' });
    const held = await a.acquire(KEY);
    for (const proxy of proxies) proxy.cut();
    await until('it is granted', () =>
      a.acquire('another', { waitTime: 1_000 }).then(
        () => true,
        () => false,
      ),
    );
    expect(held.isHeld).toBe(true);
    await held.release();
    await waitUntilFree(servers);
  });

  it('serves twenty that contend while one server dies and comes back, in an order of growing tokens', async () => {
    await start(3);
    const clients = await Promise.all(Array.from({ length: 20 }, () => clientOf({ watchdogMs: 6_000 })));
    const history = recordHistory(systemClock);
    let counter = 0;
    let sections = 0;
    const visit = async (runtime: LockRuntime, name: string, options: LockOptions = {}): Promise<void> => {
      const request = history.asked({ client: name, key: KEY, capacity: 1, weight: 1, waits: true });
      const lock: LockHandle = await runtime.acquire(KEY, { waitTime: 60_000, ...options });
      history.note(request, { kind: 'granted', owner: lock.owner, token: lock.fencingToken });
      const read = counter;
      await new Promise<void>((resolve) => void systemClock.setTimer(1, resolve));
      counter = read + 1;
      sections++;
      expect(lock.isHeld).toBe(true);
      history.note(request, { kind: 'released' });
      await lock.release();
      history.note(request, { kind: 'freed' });
    };
    const work = clients.map(async (runtime, number) => {
      for (let turn = 0; turn < 8; turn++) await visit(runtime, String(number));
    });
    await until('a quarter is done', () => sections >= 40);
    await servers[0]!.kill();
    await until('half is done', () => sections >= 80);
    await servers[0]!.restart();
    await Promise.all(work);
    expect([counter, sections]).toEqual([160, 160]);
    assertHistory(history.events);
  });
});
