import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import * as ioredis6 from 'ioredis';
import * as ioredis5 from 'ioredis-5';
import { LockUnsupportedError } from '../../../../lib/errors.js';
import { redisStore } from '../../../../lib/stores/redis/index.js';
import { openSession, type OpenSession, requestFor } from '../../../support/open-session.js';
import { RedisCluster } from '../../../support/redis-cluster.js';
import { RedisSentinel } from '../../../support/redis-sentinel.js';
import { RedisServer } from '../../../support/redis-server.js';
import { until } from '../../../support/until.js';

/** A client of the application's own, of either version, whatever it is set to. */

let server: RedisServer;
let cluster: RedisCluster;
let trio: RedisSentinel;
const open: OpenSession[] = [];
const clients: { disconnect(): void }[] = [];
let keys = 0;

beforeAll(async () => {
  [server, cluster, trio] = await Promise.all([
    RedisServer.start(),
    RedisCluster.start({ replicasEach: 0 }),
    RedisSentinel.start({ replicas: 1 }),
  ]);
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((session) => session.close()));
  for (const client of clients.splice(0)) client.disconnect();
});
afterAll(async () => {
  await Promise.all([server.stop(), cluster.stop(), trio.stop()]);
});

async function connect(client: object): Promise<OpenSession> {
  const session = await openSession(redisStore({ client }));
  open.push(session);
  return session;
}

function kept<T extends { disconnect(): void; on(name: 'error', listener: () => void): unknown }>(
  client: T,
): T {
  client.on('error', () => undefined);
  clients.push(client);
  return client;
}

/** A hand-over from one session to the other, by a message. */
async function handOver(a: OpenSession, b: OpenSession): Promise<string> {
  const key = `given-${++keys}`;
  const [first, second] = [requestFor(key), requestFor(key)];
  await a.acquire(first);
  await b.acquire(second);
  await a.release({ keys: [key], owner: first.owner, refuses: false, keepMs: 0 });
  await b.heard('called', second.owner);
  return (await b.acquire(second)).kind;
}

/** What the test uses of both is the same. */
type Classes = Pick<typeof ioredis6, 'Redis' | 'Cluster'>;

describe.each<[string, Classes]>([
  ['6', ioredis6],
  ['5', ioredis5 as unknown as Classes],
])('a client of ioredis %s', (_, { Redis, Cluster }) => {
  it.each<[string, object]>([
    ['no option', {}],
    ['a key prefix', { keyPrefix: 'app:' }],
    ['auto-pipelining', { enableAutoPipelining: true }],
    ['numbers as texts', { stringNumbers: true }],
    ['retries without end', { maxRetriesPerRequest: null, retryStrategy: () => 10 }],
    ['no retries at all', { maxRetriesPerRequest: 0, retryStrategy: null }],
    ['no offline queue', { enableOfflineQueue: false }],
    ['a time limit for commands', { commandTimeout: 1 }],
    ['reads from replicas', { readOnly: true }],
    ['no connection yet', { lazyConnect: true }],
    ['no check whether the server is ready', { enableReadyCheck: false }],
    ['a name of its own', { connectionName: 'app' }],
    ['the older protocol', { protocol: 2 }],
    ['answers as the newer protocol has them', { protocol: 3, replyMapping: 'resp3' }],
    ['scripts of its own', { scripts: { evalsha: { lua: 'return 0', numberOfKeys: 0 } } }],
  ])('serves with %s', async (__, options) => {
    const client = kept(new Redis(server.port, options));
    expect(await handOver(await connect(client), await connect(client))).toBe('held');
    expect(await server.admin.exists(`{given-${keys}}`)).toBe(1);
  });

  it('serves over a socket in the file system', async () => {
    const path = join(tmpdir(), `lock-test-${process.pid}-${++keys}.sock`);
    const local = await RedisServer.start({ args: ['--unixsocket', path] });
    const client = kept(new Redis({ path }));
    expect(await handOver(await connect(client), await connect(client))).toBe('held');
    await Promise.all(open.splice(0).map((session) => session.close()));
    await local.stop();
  });

  it('serves in its own database', async () => {
    const client = kept(new Redis(server.port, { db: 3 }));
    expect(await handOver(await connect(client), await connect(client))).toBe('held');
    expect(await server.admin.exists(`{given-${keys}}`)).toBe(0);
    expect(await client.exists(`{given-${keys}}`)).toBe(1);
  });

  it('delays nothing by what else runs on it, and is not closed', async () => {
    const client = kept(new Redis(server.port));
    const session = await connect(client);
    const blocked = client.blpop('never', 0).catch(() => 'cut');
    expect((await session.acquire(requestFor(`given-${++keys}`))).kind).toBe('held');
    await session.close();
    expect(client.status).toBe('ready');
    client.disconnect();
    expect(await blocked).toBe('cut');
  });

  it('serves after the application has closed it', async () => {
    const client = kept(new Redis(server.port));
    await client.quit();
    const session = await connect(client);
    expect((await session.acquire(requestFor(`given-${++keys}`))).kind).toBe('held');
  });

  it.each(['EVAL', 'EVALSHA'])('of a server without %s is refused at boot, with the reason', async (name) => {
    const poor = await RedisServer.start({ args: ['--rename-command', name, ''] });
    const refused = openSession(redisStore({ client: kept(new Redis(poor.port)) }));
    await expect(refused).rejects.toThrow(LockUnsupportedError);
    await expect(refused).rejects.toThrow('scripts (EVAL, EVALSHA), which are disabled or unknown');
    await poor.stop();
  });

  it('of a user who may not run scripts is refused at boot, with the reason', async () => {
    await server.admin.call('ACL', 'SETUSER', 'poor', 'on', '>pw', '~*', '&*', '+@all', '-@scripting');
    const client = kept(new Redis(server.port, { username: 'poor', password: 'pw' }));
    await expect(connect(client)).rejects.toMatchObject({
      code: 'LOCK_STORE',
      operation: 'connect',
      isTransient: false,
      message: expect.stringMatching(/NOPERM.*Allow the user the commands/),
    });
  });

  it('that finds its master by sentinels serves, and follows a fail-over', async () => {
    const client = kept(new Redis({ ...trio.connection, maxRetriesPerRequest: null }));
    const [a, b] = [await connect(client), await connect(client)];
    expect(await handOver(a, b)).toBe('held');
    // The next one may be asked for only when the last is done.
    await trio.settled();
    await trio.failover();
    const outcome = await until('it serves', () => handOver(a, b).catch(() => undefined));
    expect(outcome).toBe('held');
  });

  it.each<[string, object]>([
    ['no option', {}],
    ['a key prefix', { keyPrefix: 'app:', redisOptions: { keyPrefix: 'node:' } }],
    ['auto-pipelining', { enableAutoPipelining: true }],
    ['reads from replicas', { scaleReads: 'slave' }],
    ['no connection yet', { lazyConnect: true }],
    ['retries without end', { redisOptions: { maxRetriesPerRequest: null } }],
  ])('of a cluster serves with %s', async (__, options) => {
    const client = kept(new Cluster(cluster.connection.nodes, options));
    const status = client.status;
    expect(await handOver(await connect(client), await connect(client))).toBe('held');
    await Promise.all(open.splice(0).map((session) => session.close()));
    expect(client.status).toBe(status === 'wait' ? 'wait' : 'ready');
  });
});
