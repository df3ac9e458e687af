import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster, type Redis } from 'ioredis';
import { redisStore, type RedisStoreOptions } from '../../../../lib/stores/redis/index.js';
import { Certificates } from '../../../support/certificates.js';
import { openSession, type OpenSession, requestFor } from '../../../support/open-session.js';
import { RedisCluster } from '../../../support/redis-cluster.js';
import { RedisSentinel } from '../../../support/redis-sentinel.js';
import { RedisServer, type RedisServerOptions } from '../../../support/redis-server.js';
import { until } from '../../../support/until.js';

/** Who may come in, and by which way. */

const servers: RedisServer[] = [];
const sessions: OpenSession[] = [];
let keys = 0;

afterEach(async () => {
  await Promise.all(sessions.splice(0).map((session) => session.close()));
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function start(options?: RedisServerOptions): Promise<RedisServer> {
  const server = await RedisServer.start(options);
  servers.push(server);
  return server;
}

async function connect(options: RedisStoreOptions, watchdogMs?: number): Promise<OpenSession> {
  const session = await openSession(redisStore(options), watchdogMs);
  sessions.push(session);
  return session;
}

const leave = { refuses: false, keepMs: 0 };

/** All that the store does, with several who hold and wait. True where every message came. */
async function didEverything(a: OpenSession, b: OpenSession): Promise<boolean> {
  const requests = [1, 2, 3, 4].map(() => requestFor('acl', { capacity: 2, weight: 1 }));
  for (const request of requests) await a.acquire(request);
  await b.renew(requests.map(({ owner }) => ({ key: 'acl', owner, leaseMs: 20_000 })));
  await b.release({ keys: ['acl'], owner: requests[0]!.owner, refuses: true, keepMs: 100 });
  await b.release({ keys: ['acl'], owner: requests[1]!.owner, ...leave });
  await a.heard('called', requests[2]!.owner);
  expect((await a.acquire(requests[2]!)).kind).toBe('held');
  expect((await b.inspect('acl')).waiters).toBe(1);
  const wasHeld = await b.forceRelease('acl');
  await a.heard('gone', requests[2]!.owner);
  await a.release({ keys: ['acl'], owner: requests[3]!.owner, ...leave });
  return wasHeld;
}

/** The lines of the store's page that make a user, as words. */
async function aclLines(): Promise<string[][]> {
  const page = await readFile('docs/redis.md', 'utf8');
  return [...page.matchAll(/^ACL (SETUSER .+)$/gm)].map(([, words]) => words!.split(' '));
}

async function deniedAt(admin: Redis): Promise<unknown> {
  return admin.acl('LOG');
}

describe('a user with the rights that the page of the store lists', () => {
  it('can do everything on one server, and waits for replicas', async () => {
    const [server, [words]] = [await start(), await aclLines()];
    await start({ args: ['--replicaof', '127.0.0.1', String(server.port)] });
    await server.admin.call('ACL', ...words!);
    const options = { url: `redis://locks:secret@127.0.0.1:${server.port}` };
    await until('the replica acknowledges', async () => {
      await server.admin.set('follows', '', 'PX', 1);
      return (await server.admin.wait(1, 200)) === 1;
    });
    const [a, b] = [await connect(options), await connect({ ...options, waitReplicas: 1 })];
    expect(await didEverything(a, b)).toBe(true);
    expect(await deniedAt(server.admin)).toEqual([]);
  });

  it('can do everything by sentinels', async () => {
    const [trio, [words]] = [await RedisSentinel.start({ replicas: 1 }), await aclLines()];
    for (const { admin } of trio.servers) await admin.call('ACL', ...words!);
    const options = { ...trio.connection, options: { username: 'locks', password: 'secret' } };
    const [a, b] = [await connect(options), await connect({ ...options, waitReplicas: 1 })];
    expect(await didEverything(a, b)).toBe(true);
    for (const { admin } of trio.servers) expect(await deniedAt(admin)).toEqual([]);
    await trio.stop();
  });

  it('can do everything in a cluster', async () => {
    const [cluster, [, words]] = [await RedisCluster.start({ replicasEach: 0 }), await aclLines()];
    for (const { admin } of cluster.servers) await admin.call('ACL', ...words!);
    const options = { ...cluster.connection, options: { username: 'locks', password: 'secret' } };
    const [a, b] = [await connect(options, 1_000), await connect(options)];
    expect(await didEverything(a, b)).toBe(true);
    await until('an unused channel is given up', async () => {
      const heard = await Promise.all(
        cluster.servers.map(({ admin }) => admin.call('PUBSUB', 'SHARDCHANNELS')),
      );
      return heard.flat().length === 0;
    });
    for (const { admin } of cluster.servers) expect(await deniedAt(admin)).toEqual([]);
    await Promise.all(sessions.splice(0).map((session) => session.close()));
    await cluster.stop();
  });
});

describe('a connection', () => {
  it('carries a name by which an administrator finds it', async () => {
    const server = await start();
    await connect({ url: server.url });
    const list = String(await server.admin.client('LIST'));
    expect(list.match(/ name=nestjs-distributed-lock /g)).toHaveLength(2);
  });
});

describe('a change of the password', () => {
  /** All of the servers, each with the user of the application. */
  async function usersAt(all: readonly RedisServer[], ...rules: string[]): Promise<void> {
    for (const { admin } of all)
      await admin.call('ACL', 'SETUSER', 'app', 'on', '~*', '&*', '+@all', ...rules);
  }

  /** Once it has the new one the old one is taken away, and every connection ended. */
  async function outlives(
    all: readonly RedisServer[],
    options: RedisStoreOptions,
    pattern: { password?: string | undefined },
  ): Promise<boolean> {
    const session = await connect(options);
    const key = `rotated-${++keys}`;
    const request = requestFor(key);
    await session.acquire(request);
    await usersAt(all, '>new');
    pattern.password = 'new';
    await usersAt(all, '<old');
    const lease = { key, owner: request.owner, leaseMs: 20_000 };
    expect(await session.renew([lease])).toEqual([20_000]);
    for (const { admin } of all) await admin.client('KILL', 'USER', 'app');
    await session.heard('all');
    const [rest] = await until('it is back', () => session.renew([lease]).catch(() => undefined));
    return rest === 20_000;
  }

  it('is taken from the client that was handed in', async () => {
    const server = await start();
    await usersAt([server], '>old');
    const client = server.client({ username: 'app', password: 'old', lazyConnect: true });
    expect(await outlives([server], { client }, client.options)).toBe(true);
  });

  it('is taken from the options beside sentinels', async () => {
    const trio = await RedisSentinel.start({ replicas: 0 });
    await usersAt(trio.servers, '>old');
    const options = { username: 'app', password: 'old' };
    expect(await outlives(trio.servers, { ...trio.connection, options }, options)).toBe(true);
    await trio.stop();
  });

  it('is taken from the options beside nodes, and from a cluster client', async () => {
    const cluster = await RedisCluster.start({ replicasEach: 0 });
    await usersAt(cluster.servers, '>old');
    const options = { username: 'app', password: 'old' };
    expect(await outlives(cluster.servers, { ...cluster.connection, options }, options)).toBe(true);
    await usersAt(cluster.servers, '>old');
    const redisOptions = { username: 'app', password: 'old' };
    const client = new Cluster(cluster.connection.nodes, { redisOptions, lazyConnect: true });
    expect(await outlives(cluster.servers, { client }, client.options.redisOptions!)).toBe(true);
    client.disconnect();
    await Promise.all(sessions.splice(0).map((session) => session.close()));
    await cluster.stop();
  });
});

describe('a server that speaks TLS', () => {
  let certificates: Certificates;
  beforeAll(() => {
    certificates = Certificates.make();
  });
  afterAll(() => {
    certificates.remove();
  });

  it('serves who trusts it', async () => {
    const server = await start({ tls: certificates });
    const client = server.client({ lazyConnect: true });
    expect(await didEverything(await connect({ client }), await connect({ client }))).toBe(true);
  });

  it('is refused by who does not', async () => {
    const server = await start({ tls: certificates });
    await expect(connect({ url: server.url })).rejects.toMatchObject({
      code: 'LOCK_STORE',
      message: expect.stringMatching(/certificate/),
    });
  });

  it('is left when it stands still', async () => {
    const server = await start({ tls: certificates });
    const session = await connect({ client: server.client({ lazyConnect: true }) }, 1_000);
    server.pause();
    await expect(session.acquire(requestFor('still'))).rejects.toThrow('no answer for 1000 ms');
    server.resume();
    await session.heard('all');
    const reply = await until('it serves', () => session.acquire(requestFor('still')).catch(() => undefined));
    expect(reply.kind).toBe('held');
  });

  it('may be a cluster', async () => {
    const cluster = await RedisCluster.start({ replicasEach: 0, tls: certificates });
    const options = { ...cluster.connection, options: { tls: { ca: certificates.ca } } };
    expect(await didEverything(await connect(options), await connect(options))).toBe(true);
    await Promise.all(sessions.splice(0).map((session) => session.close()));
    await cluster.stop();
  });
});
