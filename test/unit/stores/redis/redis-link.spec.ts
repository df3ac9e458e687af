import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { OWN_OPTIONS } from '../../../../lib/stores/redis/client-options.js';
import { RedisLink } from '../../../../lib/stores/redis/redis-link.js';
import { systemClock } from '../../../../lib/util/clock.js';
import { RedisServer } from '../../../support/redis-server.js';
import { TcpProxy } from '../../../support/tcp-proxy.js';
import { until } from '../../../support/until.js';

const SILENT_MS = 200;

let server: RedisServer;
let proxy: TcpProxy;
let link: RedisLink;
let attempts: number;

beforeEach(async () => {
  server = await RedisServer.start();
  proxy = await TcpProxy.start(server.port);
  const client = new Redis({ ...OWN_OPTIONS, host: '127.0.0.1', port: proxy.port });
  attempts = 0;
  client.on('connect', () => attempts++);
  link = new RedisLink({ clock: systemClock, client, silentMs: SILENT_MS, onReturn: () => undefined });
  await link.open();
});
afterEach(async () => {
  await link.close();
  await proxy.stop();
  await server.stop();
});

const ping = (): Promise<string> => link.send((client) => client.ping());

describe('a link whose server became a black hole', () => {
  it('is back when that is over, though it was asked for something all the while', async () => {
    proxy.swallow('toServer', 'toClient');
    await expect(ping()).rejects.toThrow('no answer');
    // A new connection is greeted with silence. What is asked then is rejected here, and says nothing of the server.
    const before = attempts;
    await until('it gave up greeting, and tries again', async () => {
      await ping().catch(() => undefined);
      await sleep(SILENT_MS / 10);
      return attempts > before + 1;
    });
    proxy.flow();
    const isBack = async (): Promise<boolean> => (await ping().catch(() => 'lost')) === 'PONG';
    expect(await until('it answers', isBack)).toBe(true);
  });
});
