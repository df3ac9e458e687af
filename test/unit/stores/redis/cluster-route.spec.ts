import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster } from 'ioredis';
import type { AcquireReply, Grant } from '../../../../lib/line/store.js';
import { slotOf } from '../../../../lib/stores/redis/cluster-slots.js';
import { redisStore, type RedisStoreOptions } from '../../../../lib/stores/redis/index.js';
import { stateKeyOf } from '../../../../lib/stores/redis/key-names.js';
import { freePort } from '../../../support/free-port.js';
import { newOwner, openSession, type OpenSession, requestFor } from '../../../support/open-session.js';
import { type ClusterMember, RedisCluster } from '../../../support/redis-cluster.js';
import { countCommands } from '../../../support/redis-counts.js';
import { RedisServer } from '../../../support/redis-server.js';
import { until } from '../../../support/until.js';

let cluster: RedisCluster;
const open: OpenSession[] = [];
let keys = 0;

beforeAll(async () => {
  cluster = await RedisCluster.start({ replicasEach: 0 });
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((session) => session.close()));
});
afterAll(async () => {
  await cluster.stop();
});

async function session(options: Partial<RedisStoreOptions> = {}, watchdogMs?: number): Promise<OpenSession> {
  const one = await openSession(
    redisStore({ ...cluster.connection, ...options } as RedisStoreOptions),
    watchdogMs,
  );
  open.push(one);
  return one;
}

const newKey = (): string => `cluster-${++keys}`;
const leave = { refuses: false, keepMs: 0 };
const masterOf = (key: string): Promise<ClusterMember> => cluster.masterOf(slotOf(stateKeyOf(key)));

/** A key whose slot is served by that master. */
async function keyAt(member: ClusterMember): Promise<string> {
  for (;;) {
    const key = newKey();
    if ((await masterOf(key)) === member) return key;
  }
}

function grantsOf(reply: AcquireReply): readonly Grant[] {
  if (reply.kind !== 'held') throw new Error(`expected a hold, got ${JSON.stringify(reply)}`);
  return reply.grants;
}

/** The channels of waiters that are heard anywhere in the cluster. */
async function heardChannels(): Promise<string[]> {
  const lists = await Promise.all(
    cluster.servers.map((server) => server.admin.call('PUBSUB', 'SHARDCHANNELS') as Promise<string[]>),
  );
  return lists.flat();
}

async function totalOf(work: () => Promise<unknown>): Promise<{ scripts: number; others: string[] }> {
  const counts: { scripts: number; others: string[] } = { scripts: 0, others: [] };
  let run = work;
  for (const { admin } of cluster.servers) {
    const inner = run;
    run = async () => {
      const { scripts, others } = await countCommands(admin, inner);
      counts.scripts += scripts;
      counts.others.push(...Object.keys(others));
    };
  }
  await run();
  return counts;
}

describe('a key in a cluster', () => {
  it('has the slot that the servers say', async () => {
    const odd = [
      'k',
      '}k',
      '{k}',
      '{}',
      '{a}b',
      'a{b}c{d}',
      'ключ 🔑',
      'a\nb',
      'order:{42}:x',
      'k'.repeat(500),
    ];
    const random = Array.from({ length: 200 }, newOwner);
    for (const key of [...odd, ...random].map(stateKeyOf)) {
      expect([key, slotOf(key)]).toEqual([key, await cluster.slotOf(key)]);
    }
  });

  it('costs two commands and no subscription where nobody else wants it', async () => {
    const a = await session();
    const warm = requestFor(newKey());
    const pair = async (request = requestFor(newKey())): Promise<void> => {
      await a.acquire(request);
      await a.release({ keys: request.keys, owner: request.owner, ...leave });
    };
    for (const member of cluster.members) await pair(requestFor(await keyAt(member)));
    await pair(warm);
    expect(await totalOf(pair)).toEqual({ scripts: 2, others: [] });
    expect(await heardChannels()).toEqual([]);
  });

  it('is heard of before its waiter stands in the line, and until nobody waits', async () => {
    const [a, b] = await Promise.all([session(), session({}, 1_000)]);
    const key = newKey();
    const [first, second] = [requestFor(key), requestFor(key)];
    const [before] = grantsOf(await a.acquire(first));
    const waiting = b.acquire(second);
    await until('it stands in the line', async () => (await a.inspect(key)).waiters === 1);
    expect(await heardChannels()).toEqual([expect.stringMatching(`^\\{${key}\\}:`)]);
    expect(await waiting).toMatchObject({ kind: 'busy', grants: [] });
    await a.release({ keys: [key], owner: first.owner, ...leave });
    await b.heard('called', second.owner);
    const [after] = grantsOf(await b.acquire(second));
    expect(after!.token).toBeGreaterThanOrEqual(before!.token + 64);
    await until('nobody listens', async () => (await heardChannels()).length === 0);
  });

  it('is heard of again after the connections of the ears were cut', async () => {
    const [a, b] = await Promise.all([session(), session()]);
    const key = newKey();
    const [first, second] = [requestFor(key), requestFor(key)];
    await a.acquire(first);
    await b.acquire(second);
    const { server } = await masterOf(key);
    await server.admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await b.heard('all');
    // Until the connection is back a look fails for the moment.
    const look = await until('it looks again', () => b.acquire(second).catch(() => undefined));
    expect(look.kind).toBe('busy');
    await a.release({ keys: [key], owner: first.owner, ...leave });
    await b.heard('called', second.owner);
    expect((await b.acquire(second)).kind).toBe('held');
  });

  it('that is taken away by force is told of to its holder, who listens nowhere in its slot', async () => {
    const [a, b] = await Promise.all([session(), session()]);
    for (const member of cluster.members) {
      const request = requestFor(await keyAt(member));
      await a.acquire(request);
      expect(await b.forceRelease(request.keys[0]!)).toBe(true);
      await a.heard('gone', request.owner);
    }
  });
});

describe('several keys over the masters of a cluster', () => {
  const spread = async (): Promise<string[]> =>
    (await Promise.all(cluster.members.map((member) => keyAt(member)))).sort();

  it('are taken up to the first busy one, and all or none without a place', async () => {
    const a = await session();
    const wanted = await spread();
    const other = requestFor(wanted[1]!);
    await a.acquire(other);
    const inOrder = requestFor('', { keys: wanted });
    expect(await a.acquire(inOrder)).toMatchObject({ kind: 'busy', grants: [{ restMs: 10_000 }] });
    await a.release({ keys: wanted, owner: inOrder.owner, ...leave });
    const atOnce = requestFor('', { keys: wanted, takesPlace: false });
    expect(await a.acquire(atOnce)).toMatchObject({ kind: 'busy', grants: [] });
    for (const key of [wanted[0]!, wanted[2]!]) expect((await a.inspect(key)).holders).toEqual([]);
  });

  it('are renewed by one command for each slot, sent together', async () => {
    const a = await session();
    const requests = (await Promise.all([spread(), spread()])).flat().map((key) => requestFor(key));
    for (const request of requests) await a.acquire(request);
    const leases = requests.map(({ keys: [key], owner }) => ({ key: key!, owner, leaseMs: 20_000 }));
    await a.renew(leases);
    let rests: readonly number[] = [];
    const counts = await totalOf(async () => {
      rests = await a.renew([...leases, { ...leases[0]!, leaseMs: 0 }]);
    });
    expect(rests.slice(0, 6)).toEqual(Array.from({ length: 6 }, () => 20_000));
    expect(rests[6]).toBeGreaterThan(19_000);
    expect(counts.scripts).toBe(6);
  });

  it('are renewed where their master answers, while another stands still', async () => {
    const a = await session({}, 1_000);
    const [still, ...others] = cluster.members;
    const requests = await Promise.all(cluster.members.map(async (one) => requestFor(await keyAt(one))));
    for (const request of requests) await a.acquire(request);
    const leases = requests.map(({ keys: [key], owner }) => ({ key: key!, owner, leaseMs: 20_000 }));
    still!.server.pause();
    const renewed = a.renew(leases);
    const alone = a.renew([leases[0]!]).catch((error: unknown) => error);
    expect(await renewed).toEqual([NaN, ...others.map(() => 20_000)]);
    expect(await alone).toMatchObject({ code: 'LOCK_STORE', isTransient: true });
    still!.server.resume();
    await until('it answers again', async () =>
      (await a.renew(leases).catch(() => [NaN])).every((rest) => rest > 0),
    );
  });
});

describe('a slot that is moved to another master', () => {
  it('takes its holders and waiters along: leases are renewed, calls come from there', async () => {
    const [a, b] = await Promise.all([session(), session()]);
    const key = newKey();
    const [first, second] = [requestFor(key), requestFor(key)];
    const [before] = grantsOf(await a.acquire(first));
    await b.acquire(second);
    const from = await masterOf(key);
    const move = await cluster.beginMove(slotOf(stateKeyOf(key)), await cluster.otherMaster(from));
    await move.finish();
    expect(await a.renew([{ key, owner: first.owner, leaseMs: 20_000 }])).toEqual([20_000]);
    expect((await b.acquire(second)).kind).toBe('busy');
    expect((await a.inspect(key)).waiters).toBe(1);
    await a.release({ keys: [key], owner: first.owner, ...leave });
    await b.heard('called', second.owner);
    const [after] = grantsOf(await b.acquire(second));
    expect(after!.token).toBeGreaterThanOrEqual(before!.token + 64);
  });

  it.each([
    ['its first string alone has gone', (key: string) => [`{${key}}`]],
    [
      'its first string alone has stayed',
      (key: string) => ['ends', 'line', 'who'].map((one) => `{${key}}:${one}`),
    ],
  ])('grants nothing of a line of which a part is elsewhere: %s', async (_, gone) => {
    const a = await session();
    const key = newKey();
    const permits = { capacity: 2, weight: 1 };
    const holders = [1, 2].map(() => requestFor(key, permits));
    const waiter = requestFor(key, permits);
    for (const request of [...holders, waiter]) await a.acquire(request);
    const from = await masterOf(key);
    const move = await cluster.beginMove(slotOf(stateKeyOf(key)), await cluster.otherMaster(from));
    await move.moveKeys(...gone(key));
    const stranger = requestFor(key, { ...permits, takesPlace: false });
    for (const request of [waiter, stranger]) {
      await expect(a.acquire(request)).rejects.toMatchObject({ code: 'LOCK_STORE', isTransient: true });
    }
    await expect(a.release({ keys: [key], owner: holders[0]!.owner, ...leave })).rejects.toThrow(
      'being moved',
    );
    await move.finish();
    expect((await a.acquire(stranger)).kind).toBe('busy');
    expect(await a.inspect(key)).toMatchObject({ holders: [{}, {}], waiters: 1 });
    await a.release({ keys: [key], owner: holders[0]!.owner, ...leave });
    expect((await a.acquire(waiter)).kind).toBe('held');
  });

  it('does a command on a line wholly or not at all', async () => {
    const a = await session();
    const key = newKey();
    const [holder, waiter] = [requestFor(key), requestFor(key)];
    for (const request of [holder, waiter]) await a.acquire(request);
    const from = await masterOf(key);
    const move = await cluster.beginMove(slotOf(stateKeyOf(key)), await cluster.otherMaster(from));
    // What it would take away is here; what it would make may not be made here any more.
    const withdrawn = a.release({ keys: [key], owner: waiter.owner, refuses: true, keepMs: 0 });
    await expect(withdrawn).rejects.toMatchObject({ code: 'LOCK_STORE', isTransient: true });
    expect(await from.server.admin.zcard(`{${key}}:line`)).toBe(1);
    await move.finish();
    await a.release({ keys: [key], owner: waiter.owner, refuses: true, keepMs: 0 });
    expect(await a.inspect(key)).toMatchObject({ holders: [{ owner: holder.owner }], waiters: 0 });
  });

  it('serves a lock that nobody else wants on its way, here and there', async () => {
    const a = await session();
    const key = newKey();
    const held = requestFor(key);
    const [grant] = grantsOf(await a.acquire(held));
    const lease = { key, owner: held.owner, leaseMs: 20_000 };
    const from = await masterOf(key);
    const move = await cluster.beginMove(slotOf(stateKeyOf(key)), await cluster.otherMaster(from));
    expect(await a.renew([lease])).toEqual([20_000]);
    await move.moveKeys(stateKeyOf(key));
    expect(await a.renew([{ ...lease, leaseMs: 30_000 }])).toEqual([30_000]);
    await a.release({ keys: [key], owner: held.owner, ...leave });
    const next = requestFor(key);
    const [after] = grantsOf(await a.acquire(next));
    expect(after!.token).toBeGreaterThanOrEqual(grant!.token + 64);
    await move.finish();
    expect((await a.inspect(key)).holders).toMatchObject([{ owner: next.owner }]);
  });
});

describe('a session on a cluster', () => {
  it('leaves no socket and no timer when it is closed, and none when it could not be opened', async () => {
    const before = process.getActiveResourcesInfo().sort();
    const [a, b] = await Promise.all([
      openSession(redisStore(cluster.connection)),
      openSession(redisStore(cluster.connection)),
    ]);
    const key = newKey();
    await a.acquire(requestFor(key));
    await b.acquire(requestFor(key));
    await Promise.all([a.close(), b.close()]);
    const nowhere = redisStore({ nodes: [{ host: '127.0.0.1', port: await freePort() }] });
    await expect(openSession(nowhere)).rejects.toMatchObject({ code: 'LOCK_STORE', isTransient: true });
    await until('all is gone', () => process.getActiveResourcesInfo().sort().join() === before.join(), 5_000);
    expect(process.getActiveResourcesInfo().sort()).toEqual(before);
  });

  it('is refused by a server that is no node of one', async () => {
    const server = await RedisServer.start();
    const store = redisStore({ nodes: [{ host: '127.0.0.1', port: server.port }] });
    await expect(openSession(store)).rejects.toMatchObject({ code: 'LOCK_STORE', isTransient: false });
    await expect(openSession(store)).rejects.toThrow('cluster support');
    await server.stop();
  });

  it('is refused at boot where waiters could not be called, which only those who poll do without', async () => {
    const old = await RedisCluster.start({ replicasEach: 0, args: ['--rename-command', 'SSUBSCRIBE', ''] });
    const refused = openSession(redisStore(old.connection));
    await expect(refused).rejects.toMatchObject({
      code: 'LOCK_UNSUPPORTED',
      message: expect.stringContaining('sharded channels (SSUBSCRIBE, Redis 7.0 or later)'),
    });
    const polling = await openSession(redisStore({ ...old.connection, waiting: 'spin' }));
    expect((await polling.acquire(requestFor(newKey()))).kind).toBe('held');
    await polling.close();
    await old.stop();
  });

  it('has one connection to each master and one more, and one to each master where somebody waits', async () => {
    const connections = async (): Promise<number> => {
      const lists = await Promise.all(cluster.servers.map(({ admin }) => admin.client('LIST')));
      return String(lists).match(/ name=nestjs-distributed-lock /g)?.length ?? 0;
    };
    const before = await connections();
    const a = await session();
    expect((await connections()) - before).toBe(4);
    for (const member of cluster.members) {
      const key = await keyAt(member);
      for (const request of [requestFor(key), requestFor(key), requestFor(key)]) await a.acquire(request);
    }
    expect((await connections()) - before).toBe(7);
  });

  it('is made from a cluster client, which is neither used nor closed', async () => {
    const client = new Cluster([cluster.servers[0]!.port], {
      natMap: (node) => ({ host: '127.0.0.1', port: Number(node.split(':')[1]) }),
      redisOptions: { keyPrefix: 'app:', maxRetriesPerRequest: null },
      enableAutoPipelining: true,
    });
    await until('it is ready', () => client.status === 'ready');
    const one = await openSession(redisStore({ client }));
    const request = requestFor(newKey());
    expect((await one.acquire(request)).kind).toBe('held');
    await one.close();
    expect(client.status).toBe('ready');
    client.disconnect();
  });
});
