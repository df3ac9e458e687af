import { afterEach, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { RedisServer } from '../../support/redis-server.js';

const servers: RedisServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function start(options?: Parameters<typeof RedisServer.start>[0]): Promise<RedisServer> {
  const server = await RedisServer.start(options);
  servers.push(server);
  return server;
}

it('starts a server of its own that is empty', async () => {
  const server = await start();
  expect(await server.admin.dbsize()).toBe(0);
});

it('forgets everything over a restart, unless it keeps its data', async () => {
  const [forgetful, keeping] = await Promise.all([start(), start({ keepsData: true })]);
  for (const server of [forgetful, keeping]) await server.admin.set('a', '1');
  await Promise.all([forgetful.restart(), keeping.restart()]);
  expect(await forgetful.admin.get('a')).toBeNull();
  expect(await keeping.admin.get('a')).toBe('1');
});

it('does not answer while it is paused, and answers afterwards', async () => {
  const server = await start();
  await server.admin.ping();
  server.pause();
  const order: string[] = [];
  const late = server.admin.ping().then(() => order.push('answered'));
  await new Promise((resolve) => setTimeout(resolve, 50));
  order.push('resumed');
  server.resume();
  await late;
  expect(order).toEqual(['resumed', 'answered']);
});

it('wants its password, and refuses to grow beyond its memory', async () => {
  const server = await start({ password: 'p:w/d', maxmemory: 1 });
  const stranger = new Redis(server.port, '127.0.0.1', {
    lazyConnect: true,
    retryStrategy: () => null,
    disconnectTimeout: 0,
  });
  const errors: string[] = [];
  stranger.on('error', ({ message }) => errors.push(message));
  await expect(stranger.connect()).rejects.toThrow('closed');
  expect(errors.join()).toContain('NOAUTH');
  stranger.disconnect();
  await expect(server.admin.set('a', '1')).rejects.toThrow('OOM');
});
