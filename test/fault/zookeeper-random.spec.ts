import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
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
  const lastsMs = chance.chance(0.15) ? chance.int(SESSION_MS, 2 * SESSION_MS) : chance.int(5, 300);
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

function anyOptions(chance: Seeded): LockOptions {
  return {
    ...(chance.chance(0.3) ? { mode: 'shared' } : {}),
    ...(chance.chance(0.3) ? { fair: true } : {}),
    ...(chance.chance(0.2) ? { leaseTime: chance.int(100, 2_000) } : {}),
    waitTime: chance.pick([0, 200, 1_500]),
  };
}

/** How a request ended that was not granted. @throws what is neither busy nor a store that is down */
function endOf(
  error: unknown,
  waits: boolean,
): { kind: 'busy' | 'timedOut' } | { kind: 'unknown'; untilMs: number } {
  if (error instanceof LockTimeoutError) return { kind: waits ? 'timedOut' : 'busy' };
  if (error instanceof LockStoreError && error.isTransient)
    return { kind: 'unknown', untilMs: systemClock.nowMs() };
  throw error;
}

describe('clients whose wires are treated badly at random', () => {
  it.each(seeds(1))('never hold together, and leave nothing behind: seed %d', async (seed) => {
    const history = recordHistory(systemClock);
    const ends: Record<string, number> = {};
    const note = (end: string): void => void (ends[end] = (ends[end] ?? 0) + 1);
    const all = await Promise.all(Array.from({ length: CLIENTS }, () => client()));
    const endMs = systemClock.nowMs() + LASTS_MS;
    const isOver = (): boolean => systemClock.nowMs() > endMs;

    const visit = async (on: LockRuntime, name: string, chance: Seeded): Promise<void> => {
      const key = chance.pick(KEYS);
      const options = anyOptions(chance);
      const size = { capacity: 1_000, weight: options.mode === 'shared' ? 1 : 1_000 };
      const request = history.asked({ client: name, key, waits: options.waitTime !== 0, ...size });
      try {
        const lock = await on.acquire(key, options);
        const untilMs = systemClock.nowMs() + lock.remainingMs();
        history.note(request, { kind: 'granted', owner: lock.owner, token: lock.fencingToken, untilMs });
        const renewed = setInterval(() => {
          if (lock.isHeld)
            history.note(request, { kind: 'renewed', untilMs: systemClock.nowMs() + lock.remainingMs() });
        }, 20);
        lock.signal.addEventListener('abort', () => history.note(request, { kind: 'lost' }), { once: true });
        // Some hold on while their session ends.
        await sleep(chance.chance(0.03) ? chance.int(SESSION_MS, 3 * SESSION_MS) : chance.int(0, 40));
        clearInterval(renewed);
        note(lock.signal.aborted ? 'lost' : 'held');
        history.note(request, { kind: 'released' });
        await lock.release();
      } catch (error) {
        const end = endOf(error, options.waitTime !== 0);
        history.note(request, end);
        note(end.kind);
      }
    };
    const work = all.flatMap((on, number) =>
      Array.from({ length: TASKS }, async (_, task) => {
        const chance = new Seeded(seed * 1_000 + number * TASKS + task);
        while (!isOver()) {
          await visit(on, `${number}.${task}`, chance);
          await sleep(chance.int(0, 5));
        }
      }),
    );
    const chance = new Seeded(seed * 7_919);
    const bad = (async () => {
      while (!isOver()) {
        await misfortune(chance);
        await sleep(chance.int(0, 60));
      }
    })();
    await Promise.all([...work, bad]);

    assertHistory(history.events);
    expect(ends['held']).toBeGreaterThan(100);
    expect(Object.keys(ends)).toEqual(expect.arrayContaining(['held', 'busy', 'unknown']));
    for (const proxy of proxies) proxy.flow();
    await until('no node of a request is left', async () => (await server.counts()).ephemerals === 0);
    await until('no watch is left', async () => (await server.counts()).watches === 0);
  });
});
