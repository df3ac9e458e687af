import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { LockOptions } from '../../../../lib/core/lock-options.js';
import { LockRuntime } from '../../../../lib/core/lock-runtime.js';
import { LockStoreError, LockTimeoutError } from '../../../../lib/errors.js';
import { zookeeperStore } from '../../../../lib/stores/zookeeper/index.js';
import { Seeded, seeds } from '../../../support/seeded.js';
import { until } from '../../../support/until.js';
import { ZooKeeperServer } from '../../../support/zookeeper-server.js';

const ROUNDS = 10_000;
const CLIENTS = 4;
/** At once in each client. */
const TASKS = 8;
const KEYS = ['a', 'b', 'c'];

let server: ZooKeeperServer;
const clients: LockRuntime[] = [];

beforeAll(async () => {
  server = await ZooKeeperServer.start();
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.shutdown()));
});
afterAll(async () => {
  await server.stop();
});

async function client(): Promise<LockRuntime> {
  const store = zookeeperStore({ connect: `127.0.0.1:${server.port}` });
  const one = new LockRuntime({
    store,
    namespace: 'left',
    waitMs: 20_000,
    watchdogMs: 3_000,
    shutdownMs: 200,
  });
  clients.push(one);
  await one.start();
  return one;
}

function anyUse(chance: Seeded): { of: string | string[]; options: LockOptions; waitTime: number } {
  const controller = new AbortController();
  const { signal } = controller;
  const kind = chance.pick([{}, { fair: true }, { mode: 'shared' }, { leaseTime: 2_000 }] as const);
  const waitTime = chance.pick([0, 2, 20_000]);
  if (chance.chance(0.3)) setTimeout(() => controller.abort(), chance.int(0, 3));
  return {
    of: chance.chance(0.1) ? KEYS.slice(1) : chance.pick(KEYS),
    options: { ...kind, waitTime, signal },
    waitTime,
  };
}

/** One use of one or two locks, of any kind, or a wait that is given up at any moment. */
async function use(on: LockRuntime, chance: Seeded): Promise<'used' | 'aborted' | 'timed out'> {
  const { of, options, waitTime } = anyUse(chance);
  try {
    const lock = await on.acquire(of, options);
    if (chance.chance(0.2)) await new Promise((resolve) => setImmediate(resolve));
    await lock.release();
    return 'used';
  } catch (error) {
    if (error instanceof LockTimeoutError) return 'timed out';
    // Two milliseconds were over before anything was answered.
    if (error instanceof LockStoreError && waitTime === 2) return 'timed out';
    if (options.signal?.aborted) return 'aborted';
    throw error;
  }
}

describe('10,000 requests, of which many are given up', () => {
  it.each(seeds(1))('leave neither watch nor node, seed %d', async (seed) => {
    const idle = await server.counts();
    const all = await Promise.all(Array.from({ length: CLIENTS }, () => client()));
    const ends = { used: 0, aborted: 0, 'timed out': 0 };
    let left = ROUNDS;
    const work = all.flatMap((one, number) =>
      Array.from({ length: TASKS }, async (_, task) => {
        const chance = new Seeded(seed * 1_000 + number * TASKS + task);
        while (left-- > 0) ends[await use(one, chance)]++;
      }),
    );
    await Promise.all(work);
    expect(ends.used + ends.aborted + ends['timed out']).toBe(ROUNDS);
    expect(Math.min(ends.used, ends.aborted, ends['timed out'])).toBeGreaterThan(ROUNDS / 100);
    // Withdrawals are not waited for.
    await until('no node of a request is left', async () => (await server.counts()).ephemerals === 0);
    expect((await server.counts()).watches).toBe(idle.watches);
    // The containers of the keys go, the root stays.
    await until('no container is left', async () => (await server.counts()).nodes === idle.nodes + 1);
  });
});
