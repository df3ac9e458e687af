import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { LockHandle } from '../../lib/core/lock-handle.js';
import type { LockOptions } from '../../lib/core/lock-options.js';
import { LockRuntime } from '../../lib/core/lock-runtime.js';
import { LockStoreError, LockTimeoutError } from '../../lib/errors.js';
import { zookeeperStore } from '../../lib/stores/zookeeper/index.js';
import { assertHistory } from '../../lib/testing/history-checker.js';
import { recordHistory } from '../../lib/testing/history.js';
import { systemClock } from '../../lib/util/clock.js';
import { Seeded, seeds } from '../support/seeded.js';
import { until } from '../support/until.js';
import { OPERATIONS, ZooKeeperProxy } from '../support/zookeeper-proxy.js';
import { ZooKeeperServer } from '../support/zookeeper-server.js';

/** Clients of one server, each behind a wire that is cut, held, emptied and robbed of answers at random moments. */

const CLIENTS = 4;
const TASKS = 6;
const KEYS = ['a', 'b'];
const LASTS_MS = Number(process.env['RANDOM_MS'] ?? 6_000);
/** Some silences are longer than this, so that sessions expire as well. */
const SESSION_MS = 800;

let server: ZooKeeperServer;
const runtimes: LockRuntime[] = [];
const proxies: ZooKeeperProxy[] = [];

beforeAll(async () => {
  server = await ZooKeeperServer.start();
});
afterEach(async () => {
  for (const proxy of proxies) proxy.flow();
  await Promise.all(runtimes.splice(0).map((runtime) => runtime.shutdown()));
  await Promise.all(proxies.splice(0).map((proxy) => proxy.stop()));
});
afterAll(async () => {
  await server.stop();
});

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function client(): Promise<LockRuntime> {
  const proxy = await ZooKeeperProxy.start(server.port);
  proxies.push(proxy);
  const store = zookeeperStore({ connect: `127.0.0.1:${proxy.port}`, sessionTimeout: SESSION_MS });
  const times = { waitMs: 1_500, watchdogMs: 3_000, shutdownMs: 0 };
  const runtime = new LockRuntime({ store, namespace: 'random', ...times });
  runtimes.push(runtime);
  await runtime.start();
  return runtime;
}

/** One thing that happens to one wire. */
async function misfortune(chance: Seeded): Promise<void> {
  const proxy = chance.pick(proxies);
  const lastsMs = chance.chance(0.25) ? chance.int(SESSION_MS, 2 * SESSION_MS) : chance.int(5, 300);
  const kind = chance.int(0, 5);
  if (kind === 0) proxy.cut();
  if (kind === 1) proxy.hold('toServer', 'toClient');
  if (kind === 2) proxy.hold(chance.pick(['toServer', 'toClient'] as const));
  if (kind === 3) proxy.swallow('toServer', 'toClient');
  if (kind >= 4) {
    const { create, remove, children, sync } = OPERATIONS;
    void proxy.loseReply(chance.pick([create, create, remove, children, sync]));
  }
  if (chance.chance(0.3)) proxy.refuse();
  await sleep(lastsMs);
  proxy.flow();
}

/** A request of any kind. */
function anyRequest(chance: Seeded): { key: string; options: LockOptions; isShared: boolean } {
  const isShared = chance.chance(0.3);
  const options: LockOptions = {
    ...(isShared ? { mode: 'shared' } : {}),
    ...(chance.chance(0.3) ? { fair: true } : {}),
    ...(chance.chance(0.2) ? { leaseTime: chance.int(100, 2_000) } : {}),
    waitTime: chance.pick([0, 200, 1_500]),
  };
  return { key: chance.pick(KEYS), options, isShared };
}

/** Uses locks, and writes down what it sees. */
class Visitor {
  /** How requests ended, by how often. */
  readonly ends: Record<string, number> = {};
  private readonly history = recordHistory(systemClock);

  async visit(on: LockRuntime, client: string, chance: Seeded): Promise<void> {
    const { key, options, isShared } = anyRequest(chance);
    const waits = options.waitTime !== 0;
    const request = this.history.asked({ client, key, waits, capacity: 1_000, weight: isShared ? 1 : 1_000 });
    try {
      await this.hold(request, await on.acquire(key, options), chance);
    } catch (error) {
      this.fail(request, error, waits);
    }
  }

  check(): void {
    assertHistory(this.history.events);
  }

  private async hold(request: number, lock: LockHandle, chance: Seeded): Promise<void> {
    const { history } = this;
    const untilMs = (): number => systemClock.nowMs() + lock.remainingMs();
    history.note(request, {
      kind: 'granted',
      owner: lock.owner,
      token: lock.fencingToken,
      untilMs: untilMs(),
    });
    const renewed = setInterval(() => {
      if (lock.isHeld) history.note(request, { kind: 'renewed', untilMs: untilMs() });
    }, 20);
    lock.signal.addEventListener('abort', () => history.note(request, { kind: 'lost' }), { once: true });
    // Some hold on while their session ends.
    await sleep(chance.chance(0.08) ? chance.int(SESSION_MS, 3 * SESSION_MS) : chance.int(0, 40));
    clearInterval(renewed);
    this.count(lock.signal.aborted ? 'lost' : 'held');
    history.note(request, { kind: 'released' });
    await lock.release();
  }

  private fail(request: number, error: unknown, waits: boolean): void {
    if (error instanceof LockTimeoutError) {
      this.history.note(request, { kind: waits ? 'timedOut' : 'busy' });
      this.count('busy');
      return;
    }
    if (!(error instanceof LockStoreError && error.isTransient)) throw error as Error;
    this.history.note(request, { kind: 'unknown', untilMs: systemClock.nowMs() });
    this.count('down');
  }

  private count(end: string): void {
    this.ends[end] = (this.ends[end] ?? 0) + 1;
  }
}

describe('clients whose wires are treated badly at random', () => {
  it.each(seeds(1))('never hold together, and leave nothing behind: seed %d', async (seed) => {
    const visitor = new Visitor();
    const all = await Promise.all(Array.from({ length: CLIENTS }, () => client()));
    const endMs = systemClock.nowMs() + LASTS_MS;
    const isOver = (): boolean => systemClock.nowMs() > endMs;
    const work = all.flatMap((on, number) =>
      Array.from({ length: TASKS }, async (_, task) => {
        const chance = new Seeded(seed * 1_000 + number * TASKS + task);
        while (!isOver()) {
          await visitor.visit(on, `${number}.${task}`, chance);
          await sleep(chance.int(0, 5));
        }
      }),
    );
    const chance = new Seeded(seed * 7_919);
    const suffer = async (): Promise<void> => {
      while (!isOver()) {
        await misfortune(chance);
        await sleep(chance.int(0, 60));
      }
    };
    await Promise.all([...work, suffer()]);

    visitor.check();
    // All of it happened: that it did is asked, not how often on this machine.
    expect(Object.keys(visitor.ends)).toEqual(expect.arrayContaining(['held', 'busy', 'down']));
    expect(visitor.ends['held']).toBeGreaterThan(CLIENTS * TASKS);
    for (const proxy of proxies) proxy.flow();
    await until('no node of a request is left', async () => (await server.counts()).ephemerals === 0);
    await until('no watch is left', async () => (await server.counts()).watches === 0);
  });
});
