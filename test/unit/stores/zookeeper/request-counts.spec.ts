import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { AcquireRequest } from '../../../../lib/line/store.js';
import { zookeeperStore } from '../../../../lib/stores/zookeeper/index.js';
import { type Clock, systemClock } from '../../../../lib/util/clock.js';
import { openSession, type OpenSession, requestFor } from '../../../support/open-session.js';
import { until } from '../../../support/until.js';
import { ZooKeeperServer } from '../../../support/zookeeper-server.js';

/** What the store costs the server, counted there. */

/** Nothing is ever due: no heartbeat of a session, no watch of a hold that has become old. */
const STANDING: Clock = { ...systemClock, setTimer: () => ({ clear: () => undefined }) };

let server: ZooKeeperServer;
let key: string;
let keys = 0;
/** Packets that the question itself is. */
let ownPackets = 0;
const open: OpenSession[] = [];

beforeAll(async () => {
  server = await ZooKeeperServer.start({
    settings: { maxSessionTimeout: 600_000 },
    // Containers stay for the time of the test.
    properties: { 'znode.container.checkIntervalMs': 600_000 },
  });
  const [first, second] = [await server.counts(), await server.counts()];
  ownPackets = second.packetsReceived - first.packetsReceived;
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((session) => session.close()));
});
afterAll(async () => {
  await server.stop();
});

async function session(clock: Clock = STANDING): Promise<OpenSession> {
  const store = zookeeperStore({ connect: `127.0.0.1:${server.port}`, sessionTimeout: '10m' });
  const one = await openSession(store, 10_000, clock);
  open.push(one);
  return one;
}

/** A key whose folder is there. */
async function warmKey(on: OpenSession): Promise<string> {
  key = `key-${++keys}`;
  await pair(on, requestFor(key));
  return key;
}

async function pair(on: OpenSession, request: AcquireRequest): Promise<void> {
  expect((await on.acquire(request)).kind).toBe('held');
  await give(on, request);
}

function give(on: OpenSession, { keys: all, owner }: AcquireRequest): Promise<void> {
  return on.release({ keys: all, owner, refuses: false, keepMs: 0 });
}

/** How many requests reached the server meanwhile. */
async function requests(body: () => Promise<unknown>): Promise<number> {
  const before = await server.counts();
  await body();
  const after = await server.counts();
  return after.packetsReceived - before.packetsReceived - ownPackets;
}

describe('the requests that reach the server', () => {
  it('are three for an uncontended pair: the node, the look, the removal', async () => {
    const a = await session();
    const of = await warmKey(a);
    const rounds = 50;
    const count = await requests(async () => {
      for (let round = 0; round < rounds; round++) await pair(a, requestFor(of));
    });
    expect(count).toBe(3 * rounds);
  });

  it('are three more, once, where the key’s own node is not there', async () => {
    const a = await session();
    // The root of the store is made.
    await warmKey(a);
    const of = `new-${++keys}`;
    expect(await requests(() => pair(a, requestFor(of)))).toBe(3 + 3);
    expect(await requests(() => pair(a, requestFor(of)))).toBe(3);
  });

  it('are two for a busy attempt that takes no place', async () => {
    const a = await session();
    const of = await warmKey(a);
    await a.acquire(requestFor(of));
    expect(await requests(() => a.acquire(requestFor(of, { takesPlace: false })))).toBe(2);
  });

  it.each([1, 5, 20])('are two for a hand-over to the first of %d who wait', async (waiting) => {
    const holder = await session();
    const of = await warmKey(holder);
    const held = requestFor(of);
    await holder.acquire(held);
    const waiters = [];
    for (let place = 0; place < waiting; place++) {
      const waiter = { on: await session(), request: requestFor(of) };
      expect((await waiter.on.acquire(waiter.request)).kind).toBe('busy');
      waiters.push(waiter);
    }
    const [{ on, request }] = waiters as [(typeof waiters)[number]];
    // What it asked for when it joined has arrived.
    await until('each watches one', async () => (await server.counts()).watches >= waiting);
    const count = await requests(async () => {
      await give(holder, held);
      await on.heard('called', request.owner);
      expect((await on.acquire(request)).kind).toBe('held');
    });
    expect(count).toBe(2);
    const others = waiters.slice(1);
    expect(others.flatMap((one) => one.on.hints)).toEqual([]);
  });

  it('are three for whoever joins the line, and none for its looks', async () => {
    const [a, b] = [await session(), await session()];
    const of = await warmKey(a);
    await a.acquire(requestFor(of));
    const waiter = requestFor(of);
    let questions = 0;
    const joining = await requests(async () => {
      await b.acquire(waiter);
      await until('it watches', async () => {
        questions++;
        return (await server.counts()).watches === 1;
      });
    });
    expect(joining - questions * ownPackets).toBe(3);
    const looking = await requests(async () => {
      for (let look = 0; look < 10; look++) expect((await b.acquire(waiter)).kind).toBe('busy');
    });
    expect(looking).toBe(0);
  });

  it('are one for the renewal of a thousand holds', async () => {
    const a = await session();
    await warmKey(a);
    const held = Array.from({ length: 1_000 }, () => requestFor(`many-${++keys}`));
    await Promise.all(held.map((request) => a.acquire(request)));
    const leases = held.map(({ keys: [one], owner }) => ({ key: one!, owner, leaseMs: 10_000 }));
    // The first renewal has each of them watched.
    expect(await requests(() => a.renew(leases))).toBe(1_001);
    const count = await requests(async () => {
      const parts = [leases.slice(0, 256), leases.slice(256, 512), leases.slice(512)];
      const rests = (await Promise.all(parts.map((part) => a.renew(part)))).flat();
      expect(rests.every((rest) => rest > 0)).toBe(true);
    });
    expect(count).toBe(1);
  });

  it('are one more for a hold that lasts: its node is watched', async () => {
    const a = await session(systemClock);
    const of = await warmKey(a);
    const request = requestFor(of);
    const { watches } = await server.counts();
    expect(await requests(() => a.acquire(request))).toBe(2);
    await until('it is watched', async () => (await server.counts()).watches === watches + 1);
    await give(a, request);
    expect((await server.counts()).watches).toBe(watches);
  });
});
