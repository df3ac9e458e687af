import { afterEach, describe, expect, it } from '@jest/globals';
import { LockRuntime } from '../../lib/core/lock-runtime.js';
import { slotOf } from '../../lib/stores/redis/cluster-slots.js';
import { redisStore, type RedisStoreOptions } from '../../lib/stores/redis/index.js';
import { stateKeyOf } from '../../lib/stores/redis/key-names.js';
import { freePort } from '../support/free-port.js';
import { openSession, type OpenSession, requestFor } from '../support/open-session.js';
import { RedisCluster } from '../support/redis-cluster.js';
import { RedisServer, type RedisServerOptions } from '../support/redis-server.js';
import { until } from '../support/until.js';

/** Servers that are there and cannot serve for the moment: whoever asks waits, and is served within the wait time. */

const runtimes: LockRuntime[] = [];
const sessions: OpenSession[] = [];
const stops: (() => Promise<void>)[] = [];

afterEach(async () => {
  await Promise.all(runtimes.splice(0).map((runtime) => runtime.shutdown()));
  await Promise.all(sessions.splice(0).map((session) => session.close()));
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

async function start(options?: RedisServerOptions): Promise<RedisServer> {
  const server = await RedisServer.start(options);
  stops.push(() => server.stop());
  return server;
}

/** Whoever asks for locks, and whoever sees what the servers answer to a single command. */
async function connect(options: RedisStoreOptions): Promise<{ client: LockRuntime; session: OpenSession }> {
  const store = redisStore(options);
  const settings = { namespace: 'answers', waitMs: 60_000, watchdogMs: 3_000, shutdownMs: 100 };
  const client = new LockRuntime({ store, ...settings });
  runtimes.push(client);
  await client.start();
  const session = await openSession(store);
  sessions.push(session);
  return { client, session };
}

/** Resolves when a command was refused with that answer. */
async function refused(session: OpenSession, key: string, answer: RegExp): Promise<void> {
  const error = await until(`it answers ${answer.source}`, async () => {
    const found: unknown = await session.acquire(requestFor(key)).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    return answer.test(String(found)) ? found : undefined;
  });
  expect(error).toMatchObject({ code: 'LOCK_STORE', isTransient: true });
}

/** Asks while the server refuses, and is served when it does no more. */
async function isServedAfter(client: LockRuntime, key: string, recover: () => unknown): Promise<boolean> {
  let isServed = false;
  const asked = client.acquire(key).then((lock) => {
    isServed = true;
    return lock;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(isServed).toBe(false);
  await recover();
  const lock = await asked;
  await lock.release();
  return isServed;
}

describe('a request is served within its wait time', () => {
  it('by a server that was loading its data (LOADING)', async () => {
    // 50 ms for each key, and a look at its clients after each.
    const slow = ['--key-load-delay', '50000', '--loading-process-events-interval-bytes', '1024'];
    const server = await start({ keepsData: true, args: slow });
    const { client } = await connect({ url: server.url });
    for (let index = 0; index < 40; index++) await server.admin.set(`ballast-${index}`, 'x'.repeat(2_048));
    await server.admin.bgrewriteaof();
    await until('the data are written', async () =>
      (await server.admin.info('persistence')).includes('aof_rewrite_in_progress:0'),
    );
    await server.kill();
    const restarted = server.restart();
    const eye = server.client({ enableReadyCheck: false });
    await until('it is loading', () =>
      eye.get('x').then(
        () => false,
        (error: unknown) => String(error).includes('LOADING'),
      ),
    );
    expect(await isServedAfter(client, 'loading', () => restarted)).toBe(true);
  });

  it('by a server that was a replica (READONLY)', async () => {
    const server = await start();
    const { client, session } = await connect({ url: server.url });
    await server.admin.replicaof('127.0.0.1', await freePort());
    await refused(session, 'other', /READONLY|MASTERDOWN/);
    expect(await isServedAfter(client, 'readonly', () => server.admin.replicaof('NO', 'ONE'))).toBe(true);
  });

  it('by a server that had too few replicas (NOREPLICAS)', async () => {
    const server = await start();
    const { client, session } = await connect({ url: server.url });
    const want = (count: number): Promise<unknown> =>
      server.admin.config('SET', 'min-replicas-to-write', count);
    await want(1);
    await refused(session, 'other', /NOREPLICAS/);
    expect(await isServedAfter(client, 'noreplicas', () => want(0))).toBe(true);
  });

  it('by a cluster of which a master was down, with no replica to take its place (CLUSTERDOWN)', async () => {
    const cluster = await RedisCluster.start({ replicasEach: 0 });
    stops.push(() => cluster.stop());
    const { client, session } = await connect(cluster.connection);
    const key = 'down';
    const own = await cluster.masterOf(slotOf(stateKeyOf(`answers:${key}`)));
    const { server } = await cluster.otherMaster(own);
    await server.kill();
    await refused(session, `answers:${key}`, /CLUSTERDOWN/);
    expect(await isServedAfter(client, key, () => server.restart())).toBe(true);
  });

  it('by a cluster that was moving a part of its line (TRYAGAIN)', async () => {
    const cluster = await RedisCluster.start({ replicasEach: 0 });
    stops.push(() => cluster.stop());
    const { client, session } = await connect(cluster.connection);
    const key = 'answers:moved';
    const line = [requestFor(key), requestFor(key)];
    for (const request of line) await session.acquire(request);
    const from = await cluster.masterOf(slotOf(stateKeyOf(key)));
    const move = await cluster.beginMove(slotOf(stateKeyOf(key)), await cluster.otherMaster(from));
    await move.moveKeys(stateKeyOf(key));
    await refused(session, key, /being moved/);
    const served = isServedAfter(client, 'moved', async () => {
      await move.finish();
      for (const { owner } of line) {
        await session.release({ keys: [key], owner, refuses: false, keepMs: 0 });
      }
    });
    expect(await served).toBe(true);
  });
});
