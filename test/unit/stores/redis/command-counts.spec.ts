import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { StoreSession } from '../../../../lib/line/store.js';
import { redisStore } from '../../../../lib/stores/redis/index.js';
import { openSession, type OpenSession, requestFor } from '../../../support/open-session.js';
import { countCommands, countReads } from '../../../support/redis-counts.js';
import { RedisServer } from '../../../support/redis-server.js';

/** What the store costs the server, counted there. */

let server: RedisServer;
const open: OpenSession[] = [];

beforeAll(async () => {
  server = await RedisServer.start();
  const warm = await openSession(redisStore({ url: server.url }));
  const [first, second] = [requestFor('warm'), requestFor('warm')];
  await warm.acquire(first);
  await warm.acquire(second);
  await give(warm, first);
  await warm.renew([{ key: 'warm', owner: first.owner, leaseMs: 0 }]);
  await warm.close();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((session) => session.close()));
});
afterAll(async () => {
  await server.stop();
});

async function session(): Promise<OpenSession> {
  const one = await openSession(redisStore({ url: server.url }));
  open.push(one);
  return one;
}

function give(on: StoreSession, { keys, owner }: { keys: readonly string[]; owner: string }): Promise<void> {
  return on.release({ keys, owner, refuses: false, keepMs: 0 });
}

describe('the commands that clients send', () => {
  it('are two for an uncontended pair, on one string', async () => {
    const a = await session();
    const request = requestFor('pair');
    const counts = await countCommands(server.admin, async () => {
      await a.acquire(request);
      await give(a, request);
    });
    // Inside: GET, TIME, SET; GET, SET.
    expect(counts).toEqual({ scripts: 2, inner: 5, messages: 0, others: {} });
    expect(await server.admin.keys('{pair}*')).toEqual(['{pair}']);
  });

  it('are one for a busy attempt that takes no place, which writes nothing', async () => {
    const a = await session();
    await a.acquire(requestFor('busy'));
    const counts = await countCommands(server.admin, () =>
      a.acquire(requestFor('busy', { takesPlace: false })),
    );
    expect(counts).toEqual({ scripts: 1, inner: 3, messages: 0, others: {} });
  });

  it('are two and a message for a hand-over, however many wait, and none walks the line', async () => {
    const costs = [];
    for (const waiting of [1, 10, 1_000]) costs.push(await costOfHandOver(waiting));
    const [one] = costs;
    expect(one).toMatchObject({ scripts: 2, messages: 1, others: {} });
    expect(costs).toEqual([one, one, one]);
  });

  it('come in few packets where one tick sends many', async () => {
    const a = await session();
    const requests = Array.from({ length: 256 }, (_, index) => requestFor(`tick:${index}`));
    // The first of all is read by itself, and so is what asks.
    const reads = await countReads(server.admin, () =>
      Promise.all(requests.map((request) => a.acquire(request))),
    );
    expect(reads).toBeLessThanOrEqual(256 / 32 + 2);
  });

  it('are a hundred for the renewal of ten thousand leases', async () => {
    const a = await session();
    const requests = Array.from({ length: 10_000 }, (_, index) => requestFor(`held:${index}`));
    await Promise.all(requests.map((request) => a.acquire(request)));
    const leases = requests.map(({ keys: [key], owner }) => ({ key: key!, owner, leaseMs: 30_000 }));
    let rests: readonly number[] = [];
    const counts = await countCommands(server.admin, async () => {
      rests = await a.renew(leases);
    });
    expect(counts).toMatchObject({ scripts: 100, messages: 0, others: {} });
    expect(rests.filter((restMs) => restMs === 30_000)).toHaveLength(10_000);
  });

  it('are one for the look of a waiter, however many wait', async () => {
    const costs = [];
    for (const waiting of [2, 10, 1_000]) {
      const { a, requests } = await lineOf(waiting);
      costs.push(await countCommands(server.admin, () => a.acquire(requests.at(-1)!)));
    }
    const [one] = costs;
    expect(one).toMatchObject({ scripts: 1, messages: 0, others: {} });
    expect(costs).toEqual([one, one, one]);
  });
});

/** A holder and so many who wait, on a key of their own. */
async function lineOf(waiting: number) {
  const [a, b] = await Promise.all([session(), session()]);
  const key = `line:${waiting}:${requestFor('x').owner}`;
  const holder = requestFor(key);
  await a.acquire(holder);
  const requests = Array.from({ length: waiting }, () => requestFor(key));
  await Promise.all(requests.map((request) => b.acquire(request)));
  return { a, b, holder, requests };
}

/** From one session to the next in line, of another, while so many stay behind it. */
async function costOfHandOver(waiting: number) {
  const { a, b, holder, requests } = await lineOf(waiting + 1);
  const [next] = requests;
  return countCommands(server.admin, async () => {
    await give(a, holder);
    await b.heard('called', next!.owner);
    expect((await b.acquire(next!)).kind).toBe('held');
  });
}
