import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { redisStore, type RedisStoreOptions } from '../../../../lib/stores/redis/index.js';
import { Certificates } from '../../../support/certificates.js';
import { openSession, type OpenSession, requestFor } from '../../../support/open-session.js';
import { RedisCluster } from '../../../support/redis-cluster.js';
import { RedisServer, type RedisServerOptions } from '../../../support/redis-server.js';
import { until } from '../../../support/until.js';

/** Who may come in, and by which way. */

const servers: RedisServer[] = [];
const sessions: OpenSession[] = [];

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

  it('outlives a change of its password, and takes the new one from the client that was handed in', async () => {
    const server = await start();
    const acl = (...rules: string[]): Promise<unknown> =>
      server.admin.call('ACL', 'SETUSER', 'app', 'on', '~*', '&*', '+@all', ...rules);
    await acl('>old');
    const client = server.client({ username: 'app', password: 'old', lazyConnect: true });
    const session = await connect({ client });
    const request = requestFor('rotated');
    await session.acquire(request);
    await acl('>new');
    client.options.password = 'new';
    await acl('<old');
    const lease = { key: 'rotated', owner: request.owner, leaseMs: 20_000 };
    expect(await session.renew([lease])).toEqual([20_000]);
    await server.admin.call('CLIENT', 'KILL', 'USER', 'app');
    await session.heard('all');
    const rest = await until('it is back', () => session.renew([lease]).catch(() => undefined));
    expect(rest).toEqual([20_000]);
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
