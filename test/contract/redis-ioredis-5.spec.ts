import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { Redis } from 'ioredis-5';
import { redisStore } from '../../lib/stores/redis/index.js';
import { describeLockStore } from '../../lib/testing/index.js';
import { RedisServer } from '../support/redis-server.js';

/** In `npm run test:ioredis5` only. */
let server: RedisServer;
let client: Redis;

beforeAll(async () => {
  server = await RedisServer.start();
  client = new Redis(server.port);
});
afterAll(async () => {
  client.disconnect();
  await server.stop();
});

const close = async (): Promise<void> => undefined;

describeLockStore(
  'redis, with a client of ioredis 5',
  { open: async () => redisStore({ client }), close },
  { describe, it },
);
