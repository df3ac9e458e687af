import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LockRuntime } from '../../lib/core/lock-runtime.js';
import { postgresStore } from '../../lib/stores/postgres/index.js';
import { redisStore } from '../../lib/stores/redis/index.js';
import type { LockStore } from '../../lib/line/store.js';
import { PostgresServer } from '../support/postgres-server.js';
import { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';

/** A server with messages, and somebody who may send any of them. */
interface Post {
  readonly store: LockStore;
  /** To every session; answers how many there are. */
  send(text: string): Promise<number>;
  /** The owner id of who waits for the key. */
  waiter(): Promise<string>;
  stop(): Promise<void>;
}

async function redis(): Promise<Post> {
  const server = await RedisServer.start();
  const { admin } = server;
  const channels = async (): Promise<string[]> =>
    (await admin.call('PUBSUB', 'CHANNELS', 'nestjs-distributed-lock:*')) as string[];
  return {
    store: redisStore({ url: server.url }),
    send: async (text) => {
      const reached = (await channels()).map((channel) => admin.publish(channel, text));
      return (await Promise.all(reached)).reduce((sum, each) => sum + each, 0);
    },
    waiter: () =>
      until(
        'somebody waits',
        async () => /[0-9a-f]{32}/.exec(String(await admin.zrange('{n:k}:line', '0', '-1')))?.[0],
      ),
    stop: () => server.stop(),
  };
}

async function postgres(): Promise<Post> {
  const server = await PostgresServer.start();
  // Who holds or waits is told on a channel that the key's row names.
  const channels = async (): Promise<unknown[]> =>
    server.column(
      `SELECT 'nestjs-distributed-lock:' || unnest(holder_session || line_session) FROM distributed_lock`,
    );
  return {
    store: postgresStore({ url: server.url }),
    send: async (text) => {
      const open = await channels();
      for (const channel of open) await server.column('SELECT pg_notify($1, $2)', [channel, text]);
      return open.length;
    },
    waiter: () =>
      until('somebody waits', async () => {
        const [owner] = await server.column(
          `SELECT replace(line_owner[1]::text, '-', '') FROM distributed_lock WHERE line_owner <> '{}'`,
        );
        return typeof owner === 'string' ? owner : undefined;
      }),
    stop: () => server.stop(),
  };
}

describe.each(Object.entries({ redis, postgres }))('a message of %s that nobody of ours sent', (_, start) => {
  let post: Post;
  const clients: LockRuntime[] = [];
  beforeAll(async () => {
    post = await start();
    for (let at = 0; at < 2; at++) {
      const settings = { namespace: 'n', waitMs: 60_000, watchdogMs: 10_000, shutdownMs: 0 };
      const client = new LockRuntime({ store: post.store, ...settings });
      await client.start();
      clients.push(client);
    }
  });
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.shutdown()));
    await post.stop();
  });

  it('makes nobody hold and nobody lose: whoever gets it asks the store', async () => {
    const [one, other] = clients as [LockRuntime, LockRuntime];
    const lock = await one.acquire('k');
    let isGranted = false;
    const waiting = other.acquire('k').then((granted) => {
      isGranted = true;
      return granted;
    });
    const waiter = await post.waiter();
    const forged = [`called ${waiter}`, `gone ${lock.owner}`, `gone ${waiter}`, `called ${lock.owner}`];
    for (const text of [...forged, '', 'called', `called ${'x'.repeat(32)}`, 'y'.repeat(7_000), ...forged]) {
      expect(await post.send(text)).toBe(2);
      await one.inspect('k');
      await other.inspect('k');
    }
    expect([isGranted, lock.isHeld, lock.signal.aborted]).toEqual([false, true, false]);
    expect((await other.inspect('k')).holders).toMatchObject([{ owner: lock.owner }]);
    await lock.release();
    await (await waiting).release();
  });
});
