import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { LockStoreError } from '../../../../lib/errors.js';
import {
  type AcquireReply,
  type AcquireRequest,
  type Grant,
  MODE_CAPACITY,
} from '../../../../lib/line/store.js';
import type { ZooKeeperClient } from '../../../../lib/stores/zookeeper/client/index.js';
import { zookeeperStore, type ZooKeeperStoreOptions } from '../../../../lib/stores/zookeeper/index.js';
import { folderOf, prefixOf } from '../../../../lib/stores/zookeeper/names.js';
import { openSession, type OpenSession, requestFor } from '../../../support/open-session.js';
import { until } from '../../../support/until.js';
import { newZooKeeperClient } from '../../../support/zookeeper-client.js';
import { OPERATIONS, ZooKeeperProxy } from '../../../support/zookeeper-proxy.js';
import { ZooKeeperServer } from '../../../support/zookeeper-server.js';
import { endZooKeeperSession } from '../../../support/zookeeper-session-end.js';

/** What the contract cannot ask: lost answers, sessions that end, other people's nodes. */

const ROOT = '/distributed-lock';
const NOTHING = Buffer.alloc(0);
const READER = { capacity: MODE_CAPACITY, weight: 1 };

let server: ZooKeeperServer;
let admin: ZooKeeperClient;
let proxy: ZooKeeperProxy;
let key: string;
let keys = 0;
const open: OpenSession[] = [];

beforeAll(async () => {
  server = await ZooKeeperServer.start({ settings: { maxSessionTimeout: 60_000 } });
  admin = newZooKeeperClient([server.port], { sessionMs: 60_000 }).client;
  await admin.connect();
  await admin.create(ROOT, NOTHING, 'persistent');
});
afterAll(async () => {
  await admin.close();
  await server.stop();
});
beforeEach(async () => {
  proxy = await ZooKeeperProxy.start(server.port);
  key = `key-${++keys}`;
});
afterEach(async () => {
  proxy.flow();
  await Promise.all(open.splice(0).map((session) => session.close()));
  await proxy.stop();
});

/** A session of its own; over the proxy where `way` says so. */
async function session(
  way: 'proxied' | 'direct' = 'direct',
  options: Partial<ZooKeeperStoreOptions> = {},
): Promise<OpenSession> {
  const port = way === 'proxied' ? proxy.port : server.port;
  const store = zookeeperStore({ connect: `127.0.0.1:${port}`, sessionTimeout: '60s', ...options });
  const one = await openSession(store);
  open.push(one);
  return one;
}

function grantOf(reply: AcquireReply): Grant {
  if (reply.kind !== 'held') throw new Error(`expected a hold, got ${JSON.stringify(reply)}`);
  return reply.grants[0]!;
}

const giving = ({ keys: all, owner }: AcquireRequest, refuses = false) =>
  ({ keys: all, owner, refuses, keepMs: 0 }) as const;

const folder = (of = key): string => `${ROOT}/${folderOf(of)}`;

/** So that the first create of a test is the one that makes the node. */
async function makeFolder(of = key): Promise<void> {
  await admin.create(folder(of), NOTHING, 'container');
}

/** What stands below the key, in its order. */
async function namesAt(of = key): Promise<string[]> {
  const names = await admin.children(folder(of)).then(
    (listed) => listed.names,
    () => [],
  );
  return names.toSorted((a, b) => Number(a.slice(-10)) - Number(b.slice(-10)));
}

const ownersAt = async (of = key): Promise<string[]> =>
  (await namesAt(of)).map((name) => name.split('-')[1]!);

/** Ends the session that was opened last over the proxy, and whose node is the first of the key. */
async function endSession(of = key): Promise<void> {
  const [name] = await namesAt(of);
  const stat = await admin.exists(`${folder(of)}/${name!}`);
  const password = proxy.passwords.at(-1)!;
  // Its own client must not resume it again in between.
  proxy.refuse();
  await endZooKeeperSession(server.port, stat!.ephemeralOwner, password);
  proxy.flow();
}

describe('a create whose answer was lost', () => {
  it('is found again by its owner, and never made twice', async () => {
    const a = await session('proxied');
    await makeFolder();
    const request = requestFor(key);
    await Promise.all([proxy.loseReply(OPERATIONS.create), failure(a.acquire(request))]);
    expect(await ownersAt()).toEqual([request.owner]);
    const grant = grantOf(await a.acquire(request));
    expect(await ownersAt()).toEqual([request.owner]);
    expect((await a.inspect(key)).holders).toMatchObject([{ owner: request.owner, token: grant.token }]);
    await a.release(giving(request));
    expect(await ownersAt()).toEqual([]);
  });

  it('nor is it where it is asked for twice at once', async () => {
    const a = await session();
    const request = requestFor(key);
    const grants = (await Promise.all([a.acquire(request), a.acquire(request)])).map(grantOf);
    expect(grants[0]!.token).toBe(grants[1]!.token);
    expect(await ownersAt()).toEqual([request.owner]);
  });

  it('keeps its place in the line', async () => {
    const [a, b] = [await session(), await session('proxied')];
    const [held, request, later] = [requestFor(key), requestFor(key), requestFor(key)];
    await a.acquire(held);
    await Promise.all([proxy.loseReply(OPERATIONS.create), failure(b.acquire(request))]);
    await a.acquire(later);
    expect((await b.acquire(request)).kind).toBe('busy');
    expect(await ownersAt()).toEqual([held.owner, request.owner, later.owner]);
    await a.release(giving(held));
    await b.heard('called', request.owner);
    grantOf(await b.acquire(request));
  });

  it('leaves no ghost where it is given up', async () => {
    const a = await session('proxied');
    await makeFolder();
    const request = requestFor(key);
    await Promise.all([proxy.loseReply(OPERATIONS.create), failure(a.acquire(request))]);
    expect(await ownersAt()).toEqual([request.owner]);
    await a.release(giving(request, true)).catch(() => undefined);
    await until('no ghost stands', async () => (await ownersAt()).length === 0);
    expect(await a.acquire(request)).toEqual({ kind: 'refused' });
  });

  it('leaves no ghost where it is given up while the answer is on its way', async () => {
    const a = await session('proxied');
    const request = requestFor(key);
    await makeFolder();
    const answer = proxy.holdReply(OPERATIONS.create);
    const asked = a.acquire({ ...request, keys: [key, `${key}-next`] });
    await answer.reached;
    const left = a.release({ ...giving(request, true), keys: [key, `${key}-next`] });
    answer.release();
    expect(await asked).toEqual({ kind: 'refused' });
    await left;
    expect([await ownersAt(), await ownersAt(`${key}-next`)]).toEqual([[], []]);
  });

  it.each([
    ['before anything was made', false],
    ['when the first of several keys is held', true],
  ])('is no ghost where the request was given up %s', async (_, takesPlace) => {
    const a = await session('proxied');
    const keysOfIt = [key, `${key}-next`];
    for (const one of keysOfIt) await makeFolder(one);
    const request = requestFor(key, { keys: keysOfIt, takesPlace });
    const answer = proxy.holdReply(takesPlace ? OPERATIONS.create : OPERATIONS.children);
    const asked = a.acquire(request);
    await answer.reached;
    const left = a.release(giving(request, true));
    answer.release();
    expect(await asked).toEqual({ kind: 'refused' });
    await left;
    for (const one of keysOfIt) expect(await ownersAt(one)).toEqual([]);
  });

  it('is not made after all where it is given up while it is looked for', async () => {
    const a = await session('proxied');
    await makeFolder();
    const request = requestFor(key);
    proxy.hold('toServer');
    const lost = failure(a.acquire(request));
    await until('it is on its way', () => proxy.writes.flat().includes(OPERATIONS.create));
    // It never arrives, which the session cannot know.
    proxy.cut();
    await lost;
    proxy.writes.length = 0;
    const answer = proxy.holdReply(OPERATIONS.children);
    proxy.flow();
    const asked = a.acquire(request);
    await answer.reached;
    const left = a.release(giving(request, true));
    answer.release();
    expect(await asked).toEqual({ kind: 'refused' });
    await left;
    expect(await ownersAt()).toEqual([]);
    expect(proxy.writes.flat()).not.toContain(OPERATIONS.create);
  });

  it('is not taken for that of an earlier session, whoever its owner was', async () => {
    const a = await session('proxied');
    await makeFolder();
    const request = requestFor(key);
    const old = await admin.create(`${folder()}/${prefixOf(request)}`, NOTHING, 'ephemeral-sequential');
    await Promise.all([proxy.loseReply(OPERATIONS.create), failure(a.acquire(request))]);
    expect((await a.acquire(request)).kind).toBe('busy');
    expect(await ownersAt()).toEqual([request.owner, request.owner]);
    await admin.remove(old.path);
    await a.heard('called', request.owner);
    expect(grantOf(await a.acquire(request)).token).toBeGreaterThan(Number(old.stat.czxid) * 64);
  });
});

describe('a connection that is lost', () => {
  it('ends no hold, and no place: the session lives, and its watches with it', async () => {
    const [a, b] = [await session('proxied'), await session()];
    const [held, waiter] = [requestFor(key), requestFor(key)];
    const grant = grantOf(await a.acquire(held));
    await b.acquire(waiter);
    proxy.cut();
    await a.heard('all');
    const [rest] = await a.renew([{ key, owner: held.owner, leaseMs: 10_000 }]);
    expect(rest).toBeGreaterThan(0);
    expect(grantOf(await a.acquire(held)).token).toBe(grant.token);
    await a.release(giving(held));
    await b.heard('called', waiter.owner);
    grantOf(await b.acquire(waiter));
  });

  it('tells a waiter afterwards what happened meanwhile', async () => {
    const [a, b] = [await session(), await session('proxied')];
    const [held, waiter] = [requestFor(key), requestFor(key)];
    await a.acquire(held);
    await b.acquire(waiter);
    proxy.refuse();
    proxy.cut();
    await a.release(giving(held));
    proxy.flow();
    await b.heard('called', waiter.owner);
    expect((await b.acquire(waiter)).kind).toBe('held');
  });

  it('makes a waiter’s look fail: down is not busy', async () => {
    const [a, b] = [await session(), await session('proxied')];
    const [held, waiter] = [requestFor(key), requestFor(key)];
    await a.acquire(held);
    await b.acquire(waiter);
    proxy.refuse();
    proxy.cut();
    await until('it noticed', () => proxy.connections === 0);
    let answer: unknown;
    void b.acquire(waiter).then(
      (reply) => (answer = reply),
      (error: unknown) => (answer = error),
    );
    await sleep(100);
    expect(answer).toBeUndefined();
    proxy.flow();
    await until('it is answered', () => answer !== undefined);
    expect(answer).toMatchObject({ kind: 'busy' });
  });

  it('and nobody says so, makes a look a question again before it is noticed', async () => {
    const [a, b] = [await session(), await session('proxied', { sessionTimeout: '8s' })];
    const [held, waiter] = [requestFor(key), requestFor(key)];
    await a.acquire(held);
    expect((await b.acquire(waiter)).kind).toBe('busy');
    const heartbeats = (): number => proxy.writes.flat().filter((one) => one === OPERATIONS.sync).length;
    await until('its heart beats', () => heartbeats() >= 2);
    proxy.swallow('toServer', 'toClient');
    proxy.writes.length = 0;
    const answers: unknown[] = [];
    await until('it asks', () => {
      void b.acquire(waiter).then(
        ({ kind }) => answers.push(kind),
        () => undefined,
      );
      return proxy.writes.flat().includes(OPERATIONS.children);
    });
    expect(new Set(answers)).toEqual(new Set(['busy']));
    expect(b.hints.filter(({ kind }) => kind === 'all')).toEqual([]);
    expect(proxy.connections).toBe(1);
  });

  it('is no obstacle to a release: what could not be removed is removed with the next one', async () => {
    const a = await session('proxied');
    const request = requestFor(key);
    await a.acquire(request);
    proxy.refuse();
    proxy.cut();
    await until('it noticed', () => proxy.connections === 0);
    const error = await failure(a.release(giving(request)));
    expect(error).toBeInstanceOf(LockStoreError);
    expect((error as LockStoreError).isTransient).toBe(true);
    expect(await ownersAt()).toEqual([request.owner]);
    proxy.flow();
    // Nobody asks again.
    await until('it is removed', async () => (await ownersAt()).length === 0);
  });
});

describe('a session that expired', () => {
  it('loses every hold at once, and the next request opens another', async () => {
    const [a, b] = [await session('proxied'), await session()];
    const [held, waiter] = [requestFor(key), requestFor(key)];
    const grant = grantOf(await a.acquire(held));
    await b.acquire(waiter);
    await endSession();
    await a.heard('all');
    expect(await a.renew([{ key, owner: held.owner, leaseMs: 10_000 }])).toEqual([0]);
    await b.heard('called', waiter.owner);
    expect(grantOf(await b.acquire(waiter)).token).toBeGreaterThan(grant.token);
    await a.release(giving(held));
    expect((await a.acquire(requestFor(key))).kind).toBe('busy');
    expect((await a.inspect(key)).holders).toMatchObject([{ owner: waiter.owner }]);
  });

  it('has its waiters ask for a new place', async () => {
    const [a, b] = [await session(), await session('proxied')];
    const [first, held, waiter] = [requestFor(`${key}-own`), requestFor(key), requestFor(key)];
    await a.acquire(held);
    await b.acquire(first);
    await b.acquire(waiter);
    await endSession(`${key}-own`);
    await b.heard('all');
    expect((await b.acquire(waiter)).kind).toBe('busy');
    expect(await ownersAt()).toEqual([held.owner, waiter.owner]);
  });
});

describe('a hold whose node somebody removed', () => {
  it('is told so at once', async () => {
    const a = await session('proxied');
    const request = requestFor(key);
    await a.acquire(request);
    const [name] = await namesAt();
    await admin.remove(`${folder()}/${name!}`);
    await a.heard('gone', request.owner);
    proxy.writes.length = 0;
    expect(await a.renew([{ key, owner: request.owner, leaseMs: 10_000 }])).toEqual([0]);
    // It knows already.
    expect(proxy.writes).toEqual([]);
  });

  it('learns it with its renewal, also where it was so young that nobody watched', async () => {
    const a = await session();
    const request = requestFor(key);
    await a.acquire(request);
    const [name] = await namesAt();
    await admin.remove(`${folder()}/${name!}`);
    expect(await a.renew([{ key, owner: request.owner, leaseMs: 10_000 }])).toEqual([0]);
  });
});

describe('a semaphore', () => {
  it('calls whoever is first after the one before it was let in', async () => {
    const [a, b, c] = [await session(), await session(), await session()];
    const [h1, h2, w1, w2] = Array.from({ length: 4 }, () => requestFor(key, { capacity: 2, weight: 1 }));
    for (const request of [h1!, h2!]) grantOf(await a.acquire(request));
    expect((await b.acquire(w1!)).kind).toBe('busy');
    expect((await c.acquire(w2!)).kind).toBe('busy');
    await a.release(giving(h1!));
    await b.heard('called', w1!.owner);
    grantOf(await b.acquire(w1!));
    // It watched nobody but the one before it, who stays.
    await c.heard('called', w2!.owner);
    expect((await c.acquire(w2!)).kind).toBe('busy');
    c.hints.length = 0;
    await a.release(giving(h2!));
    await c.heard('called', w2!.owner);
    grantOf(await c.acquire(w2!));
  });
});

describe('what is sent together', () => {
  it('is the node and the look at the line: one round trip', async () => {
    const a = await session('proxied');
    await a.acquire(requestFor(key, READER));
    proxy.writes.length = 0;
    const request = requestFor(key, READER);
    grantOf(await a.acquire(request));
    await a.release(giving(request));
    expect(proxy.writes).toEqual([[OPERATIONS.create, OPERATIONS.children], [OPERATIONS.remove]]);
  });

  it('is the end of the old hold and the new place of one that yields', async () => {
    const a = await session('proxied');
    const old = requestFor(key);
    await a.acquire(old);
    proxy.writes.length = 0;
    grantOf(await a.acquire(requestFor(key, { replaces: old.owner })));
    expect(proxy.writes).toEqual([[OPERATIONS.remove, OPERATIONS.create, OPERATIONS.children]]);
  });

  it('is nothing that writes, where no place is taken and somebody stands there', async () => {
    const [a, b] = [await session(), await session('proxied')];
    await a.acquire(requestFor(key));
    proxy.writes.length = 0;
    expect((await b.acquire(requestFor(key, { takesPlace: false }))).kind).toBe('busy');
    expect(proxy.writes).toEqual([[OPERATIONS.sync, OPERATIONS.children]]);
  });

  it('is one heartbeat for all holds', async () => {
    const a = await session('proxied');
    const requests = Array.from({ length: 100 }, (_, index) => requestFor(`${key}-${index}`));
    await Promise.all(requests.map((request) => a.acquire(request)));
    const leases = requests.map(({ keys: [one], owner }) => ({ key: one!, owner, leaseMs: 10_000 }));
    // From now on all of them are watched.
    await a.renew(leases);
    proxy.writes.length = 0;
    const halves = [leases.slice(0, 50), leases.slice(50)];
    const rests = (await Promise.all(halves.map((half) => a.renew(half)))).flat();
    expect(rests.filter((rest) => rest > 0)).toHaveLength(100);
    expect(proxy.writes).toEqual([[OPERATIONS.sync]]);
  });

  it('is nothing at all while a waiter looks and nothing has changed', async () => {
    const [a, b] = [await session(), await session('proxied')];
    await a.acquire(requestFor(key));
    const waiter = requestFor(key);
    await b.acquire(waiter);
    await until('it watches', () => proxy.writes.flat().includes(4));
    proxy.writes.length = 0;
    for (let look = 0; look < 5; look++) expect((await b.acquire(waiter)).kind).toBe('busy');
    expect(proxy.writes).toEqual([]);
  });
});

describe('other people’s nodes', () => {
  it('stop whoever would lock beside them, and are left as they are', async () => {
    const a = await session();
    await a.acquire(requestFor(`${key}-warm`));
    await admin.create(folder(), NOTHING, 'persistent');
    await admin.create(`${folder()}/hello`, NOTHING, 'persistent');
    const request = requestFor(key);
    const error = await failure(a.acquire(request));
    expect(error).toBeInstanceOf(LockStoreError);
    expect(error).toMatchObject({ key, isTransient: false });
    expect((error as Error).message).toContain('the node "hello" is not one of this store');
    await a.release(giving(request, true));
    expect((await admin.children(folder())).names).toEqual(['hello']);
  });

  it('are kept out by the credentials of the store', async () => {
    const auth = { scheme: 'digest', credentials: 'app:hunter2' } as const;
    const root = `/${key}`;
    const a = await session('direct', { auth, root });
    const request = requestFor(key);
    grantOf(await a.acquire(request));
    for (const path of [root, `${root}/${folderOf(key)}`]) {
      await expect(admin.children(path)).rejects.toMatchObject({ code: 'NO_AUTH' });
    }
    const stranger = await session('direct', { root });
    const error = await failure(stranger.acquire(requestFor(key)));
    expect(error).toMatchObject({ isTransient: false, operation: 'acquire' });
    expect((error as Error).message).toMatch(/Give the store the "auth" with which its root was made/);
    const friend = await session('direct', { auth, root });
    expect((await friend.acquire(requestFor(key))).kind).toBe('busy');
    await a.release(giving(request));
  });
});

describe('keys', () => {
  it('stay apart whatever they are made of', async () => {
    const a = await session();
    const strange = ['a/b', 'a%2fb', '.', '..', '/', 'a\0b', 'a', 'é', 'e\u0301', '🔒', ' ', '%'].map(
      (one) => `${one}`,
    );
    const requests = strange.map((one) => requestFor(one));
    for (const request of requests) grantOf(await a.acquire({ ...request, takesPlace: false }));
    for (const one of strange) expect((await a.inspect(one)).holders).toHaveLength(1);
    await Promise.all(requests.map((request) => a.release(giving(request))));
  });

  it('leave no node behind: their containers go when they are idle', async () => {
    const a = await session();
    const request = requestFor(key);
    await a.acquire(request);
    await a.release(giving(request));
    await until('the container is gone', async () => (await admin.exists(folder())) === undefined);
    expect((await a.acquire(requestFor(key))).kind).toBe('held');
  });
});

describe('a session that is closed', () => {
  it('gives everything back and takes no more commands', async () => {
    const a = await session();
    const [held, kept] = [requestFor(key), requestFor(`${key}-kept`)];
    await a.acquire(held);
    await a.acquire(kept);
    await a.release({ ...giving(kept), keepMs: 60_000 });
    await a.close();
    expect([await ownersAt(), await ownersAt(`${key}-kept`)]).toEqual([[], []]);
    await expect(a.acquire(requestFor(key))).rejects.toThrow(/its session is closed/);
  });

  it('is not opened where nobody answers, and says where it looked', async () => {
    const store = zookeeperStore({ connect: '127.0.0.1:1' });
    const error = await failure(openSession(store));
    expect(error).toBeInstanceOf(LockStoreError);
    expect(error).toMatchObject({ operation: 'connect', store: 'zookeeper', isTransient: true });
    expect((error as Error).message).toMatch(/^ZooKeeper at 127\.0\.0\.1:1 failed to connect/);
  });
});

function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => {
      throw new Error(`It did not fail, and gave ${JSON.stringify(value)}.`);
    },
    (error: unknown) => error,
  );
}
