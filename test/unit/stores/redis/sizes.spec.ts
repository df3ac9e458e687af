import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { AcquireRequest } from '../../../../lib/line/store.js';
import { redisStore } from '../../../../lib/stores/redis/index.js';
import { openSession, type OpenSession, requestFor } from '../../../support/open-session.js';
import { RedisServer } from '../../../support/redis-server.js';
import { until } from '../../../support/until.js';

/** What the store's page says of the server's memory. */

const COUNT = 10_000;
const KEEP = { refuses: false, keepMs: 0 };
const leaseMs = 600_000;

let server: RedisServer;
let session: OpenSession;

beforeAll(async () => {
  server = await RedisServer.start();
});
afterEach(async () => {
  await session.close();
  await server.admin.config('SET', 'maxmemory', 0);
  await server.admin.config('SET', 'maxmemory-policy', 'noeviction');
  await server.admin.flushall();
});
afterAll(async () => {
  await server.stop();
});

async function open(): Promise<OpenSession> {
  session = await openSession(redisStore({ url: server.url }));
  return session;
}

async function used(): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await server.admin.info('memory'))?.[1]);
}

/** Bytes for each of so many, as the server counts them, without the buffers of the connections that asked. */
async function bytesEach(work: () => Promise<unknown>): Promise<number> {
  const before = await used();
  await open();
  await work();
  await session.close();
  await until('its connections are gone', async () => {
    const list = String(await server.admin.client('LIST'));
    return !list.includes('name=nestjs-distributed-lock');
  });
  return ((await used()) - before) / COUNT;
}

const acquireAll = (requests: readonly AcquireRequest[]): Promise<unknown> =>
  Promise.all(requests.map((request) => session.acquire(request)));
const releaseAll = (requests: readonly AcquireRequest[], how = KEEP): Promise<unknown> =>
  Promise.all(requests.map(({ keys, owner }) => session.release({ keys, owner, ...how })));
const manyKeys = (): AcquireRequest[] =>
  Array.from({ length: COUNT }, (_, index) => requestFor(`lock:vote:${1_000_000 + index}`, { leaseMs }));
const manyOf = (key: string, parts: Partial<AcquireRequest> = {}): AcquireRequest[] =>
  Array.from({ length: COUNT }, () => requestFor(key, { leaseMs, ...parts }));

/** How many bytes the page says, by the first cell of the row. */
async function saidOf(what: string): Promise<number> {
  const page = await readFile('docs/redis.md', 'utf8');
  const row = page.split('\n').find((line) => line.startsWith(`| ${what} |`));
  return Number(/\| (\d+) \|$/.exec(row ?? '')?.[1]);
}

describe('the memory of the server, as the page says it', () => {
  it.each<[string, () => Promise<number>]>([
    ['a key that is held', async () => bytesEach(() => acquireAll(manyKeys()))],
    [
      'a key that was released',
      () =>
        bytesEach(async () => {
          const requests = manyKeys();
          await acquireAll(requests);
          await releaseAll(requests);
        }),
    ],
    [
      'one who waits',
      () =>
        bytesEach(async () => {
          await session.acquire(requestFor('line', { leaseMs }));
          await acquireAll(manyOf('line'));
        }),
    ],
    ['a further holder', () => bytesEach(() => acquireAll(manyOf('shared', { weight: 1 })))],
    [
      'a key that was released, and an owner id that is refused',
      () => bytesEach(() => releaseAll(manyKeys(), { refuses: true, keepMs: 0 })),
    ],
  ])('%s', async (what, measure) => {
    const said = await saidOf(what);
    const bytes = await measure();
    expect(bytes).toBeLessThan(said * 1.15);
    expect(bytes).toBeGreaterThan(said * 0.85);
  });
});

describe('a server whose memory is full', () => {
  it.each([
    ['noeviction', 1],
    ['volatile-ttl', 0],
    ['volatile-lru', 0],
    ['volatile-lfu', 0],
    ['volatile-random', 0],
    ['allkeys-lru', 0],
    ['allkeys-random', 0],
  ])('with the policy %s keeps %i of the one lock, as the page says', async (policy, kept) => {
    const one = await open();
    const request = requestFor('evicted', { leaseMs });
    await one.acquire(request);
    await server.admin.config('SET', 'maxmemory-policy', policy);
    await server.admin.config('SET', 'maxmemory', 1);
    await server.admin.set('other', 'x').catch(() => undefined);
    expect(await server.admin.exists('{evicted}')).toBe(kept);
    const [restMs] = await one.renew([{ key: 'evicted', owner: request.owner, leaseMs }]);
    expect(restMs).toBe(kept * leaseMs);
  });
});
