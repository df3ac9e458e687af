import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { LockRuntime } from '../../lib/core/lock-runtime.js';
import { zookeeperStore } from '../../lib/stores/zookeeper/index.js';
import { until } from '../support/until.js';
import { ZooKeeperProxy } from '../support/zookeeper-proxy.js';
import { ZooKeeperServer } from '../support/zookeeper-server.js';
import type { BackEnd } from './back-end.js';
import { zookeeper } from './back-ends.js';
import { ProcessStage } from './process-stage.js';

/** Where a session is shorter than the lease, and what becomes of both when nobody is there to end the lease. */

const SESSION_MS = 1_500;
const LONG_LEASE = { leaseTime: 60_000 };

/** The URL of its clients asks for a short session. */
const shortSessions: BackEnd = {
  ...zookeeper,
  start: async () => {
    const server = await ZooKeeperServer.start();
    return {
      port: server.port,
      url: `${server.url}?sessionTimeout=${SESSION_MS}ms`,
      kill: () => server.kill(),
      restart: () => server.restart(),
      stop: () => server.stop(),
    };
  },
};

describe('a process that is stopped for longer than its session', () => {
  const stage = ProcessStage.of(shortSessions);

  it.each([
    ['its leaseTime', LONG_LEASE],
    ['its watchdog', {}],
  ])('frees its lock, whatever %s would have allowed, and believes in it no more', async (_, options) => {
    const [a, b] = await stage.clients(2, { watchdogMs: 20_000 });
    const key = stage.newKey();
    const before = await a!.acquire(key, options);
    const waiting = b!.acquire(key);
    await stage.untilWaiting(key, 1);
    a!.signal('SIGSTOP');
    const after = await waiting;
    expect(after.token).toBeGreaterThan(before.token);
    a!.signal('SIGCONT');
    expect(await a!.ask('state', key)).toMatchObject({ isHeld: false });
    await until('the holder was told', () => a!.hasLost(key));
    await a!.ask('release', key);
    expect(await b!.ask('state', key)).toEqual({ isHeld: true, isTold: false });
    // Its next session serves.
    await b!.ask('release', key);
    expect((await a!.acquire(key)).token).toBeGreaterThan(after.token);
  });

  it('while it waits has a new place afterwards, and nobody has waited for it', async () => {
    const [holder, sleeper, other] = await stage.clients(3, { watchdogMs: 20_000 });
    const key = stage.newKey();
    await holder!.acquire(key);
    const waiting = sleeper!.acquire(key);
    await stage.untilWaiting(key, 1);
    const later = other!.acquire(key);
    await stage.untilWaiting(key, 2);
    sleeper!.signal('SIGSTOP');
    // Its session is over.
    await stage.untilWaiting(key, 1);
    await holder!.ask('release', key);
    const first = await later;
    sleeper!.signal('SIGCONT');
    await stage.untilWaiting(key, 1);
    await other!.ask('release', key);
    expect((await waiting).token).toBeGreaterThan(first.token);
  });
});

describe('a holder whose wire becomes a black hole', () => {
  const runtimes: LockRuntime[] = [];
  let server: ZooKeeperServer;
  let proxy: ZooKeeperProxy;

  beforeAll(async () => {
    server = await ZooKeeperServer.start();
    proxy = await ZooKeeperProxy.start(server.port);
  });
  afterEach(async () => {
    proxy.flow();
    await Promise.all(runtimes.splice(0).map((runtime) => runtime.shutdown()));
  });
  afterAll(async () => {
    await proxy.stop();
    await server.stop();
  });

  async function client(port: number): Promise<LockRuntime> {
    const store = zookeeperStore({ connect: `127.0.0.1:${port}`, sessionTimeout: SESSION_MS });
    const times = { waitMs: 60_000, watchdogMs: 20_000, shutdownMs: 0 };
    const runtime = new LockRuntime({ store, namespace: 'session', ...times });
    runtimes.push(runtime);
    await runtime.start();
    return runtime;
  }

  it.each([
    ['renewed', {}],
    ['with a long leaseTime', LONG_LEASE],
  ])(
    'is told before anybody is granted, though its lease is longer than its session: %s',
    async (_, options) => {
      const [a, b] = [await client(proxy.port), await client(server.port)];
      const key = `hole-${Object.keys(options).length}`;
      const order: string[] = [];
      const lock = await a.acquire(key, options);
      lock.signal.addEventListener('abort', () => order.push('told'));
      const waiting = b.acquire(key).then((next) => {
        order.push('granted');
        return next;
      });
      await until('it waits', async () => (await b.inspect(key)).waiters === 1);
      // So long it is kept, renewal by renewal.
      await new Promise((resolve) => setTimeout(resolve, 2 * SESSION_MS));
      expect(order).toEqual([]);
      proxy.swallow('toServer', 'toClient');
      const next = await waiting;
      expect(order).toEqual(['told', 'granted']);
      expect(next.fencingToken).toBeGreaterThan(lock.fencingToken);
      await Promise.all([next.release(), lock.release()]);
    },
  );
});
