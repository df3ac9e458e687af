import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { LockRuntime } from '../../lib/core/lock-runtime.js';
import { zookeeperStore } from '../../lib/stores/zookeeper/index.js';
import { until } from '../support/until.js';
import { ZooKeeperEnsemble } from '../support/zookeeper-ensemble.js';
import { ZooKeeperProxy } from '../support/zookeeper-proxy.js';
import type { ZooKeeperServer } from '../support/zookeeper-server.js';
import { zookeeperEnsemble } from './back-ends.js';
import { ProcessStage } from './process-stage.js';

const SECTIONS_EACH = 60;
/** Longer than an election takes, with a busy machine's margin. */
const WATCHDOG_MS = 10_000;

describe('processes that share three ZooKeeper servers', () => {
  const stage = ProcessStage.of(zookeeperEnsemble);

  it('never overlap, and their tokens grow, while the leader is killed under them and comes back', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lock-test-count-'));
    const file = join(folder, 'count');
    await writeFile(file, '0 0');
    const all = await stage.clients(4, { watchdogMs: WATCHDOG_MS });
    const done = Promise.all(
      all.flatMap((client) =>
        Array.from({ length: 8 }, () => client.ask('increment', 'count', file, SECTIONS_EACH)),
      ),
    );
    const sections = 4 * 8 * SECTIONS_EACH;
    const count = async (): Promise<number> => Number((await readFile(file, 'utf8')).split(' ')[0]);
    await until('they are at work', async () => (await count()) > sections / 10);
    await stage.server.kill();
    expect(await count()).toBeLessThan(sections);
    await stage.server.restart();
    await done;
    expect(await readFile(file, 'utf8')).toMatch(new RegExp(`^${sections} `));
    await rm(folder, { recursive: true });
  });

  it('keep lock and place over the death of the leader', async () => {
    const [a, b] = await stage.clients(2, { watchdogMs: WATCHDOG_MS });
    const key = stage.newKey();
    const before = await a!.acquire(key);
    const waiting = b!.acquire(key);
    await stage.untilWaiting(key, 1);
    await stage.server.kill();
    // Answered by the next leader.
    await stage.untilWaiting(key, 1);
    expect(await a!.ask('state', key)).toEqual({ isHeld: true, isTold: false });
    await a!.ask('release', key);
    expect((await waiting).token).toBeGreaterThan(before.token);
    expect(a!.hasLost(key)).toBe(false);
    await stage.server.restart();
  });
});

describe('a holder whose server is cut off from the others together with it', () => {
  /** What a server says to another, and hears from it, goes through these; by who speaks. */
  const between = new Map<number, ZooKeeperProxy[]>([1, 2, 3].map((id) => [id, []]));
  const runtimes: LockRuntime[] = [];
  let ensemble: ZooKeeperEnsemble;

  beforeAll(async () => {
    ensemble = await ZooKeeperEnsemble.start({
      // Long after the session is over it still takes itself for a part of the ensemble.
      settings: { syncLimit: 40 },
      portBetween: async (from, _, port) => {
        const proxy = await ZooKeeperProxy.start(port, true);
        between.get(from)!.push(proxy);
        return proxy.port;
      },
    });
  });
  afterEach(async () => {
    await Promise.all(runtimes.splice(0).map((runtime) => runtime.shutdown()));
  });
  afterAll(async () => {
    await ensemble.stop();
    await Promise.all([...between.values()].flat().map((proxy) => proxy.stop()));
  });

  async function client({ port }: ZooKeeperServer): Promise<LockRuntime> {
    const store = zookeeperStore({ connect: `127.0.0.1:${port}`, sessionTimeout: '2s' });
    const times = { waitMs: 60_000, watchdogMs: 10_000, shutdownMs: 0 };
    const runtime = new LockRuntime({ store, namespace: 'ensemble', ...times });
    runtimes.push(runtime);
    await runtime.start();
    return runtime;
  }

  it.each([
    ['renewed', {}],
    ['with a long leaseTime', { leaseTime: 60_000 }],
  ])('is told before anybody is granted: %s', async (_, options) => {
    await ensemble.isWhole();
    const [alone] = await ensemble.followers();
    const [a, b] = [await client(alone!), await client(await ensemble.leader())];
    const key = `cut-off-${Object.keys(options).length}`;
    const order: string[] = [];
    const lock = await a.acquire(key, options);
    lock.signal.addEventListener('abort', () => order.push('told'));
    const waiting = b.acquire(key).then((next) => {
      order.push('granted');
      return next;
    });
    await until('it waits', async () => (await b.inspect(key)).waiters === 1);
    const proxies = between.get(ensemble.servers.indexOf(alone!) + 1)!;
    for (const proxy of proxies) proxy.swallow('toServer', 'toClient');
    const next = await waiting;
    expect(order).toEqual(['told', 'granted']);
    expect(next.fencingToken).toBeGreaterThan(lock.fencingToken);
    for (const proxy of proxies) proxy.flow();
    await Promise.all([next.release(), lock.release()]);
  });
});
