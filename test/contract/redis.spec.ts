import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { redisStore } from '../../lib/stores/redis/index.js';
import { describeLockStore } from '../../lib/testing/index.js';
import { RedisServer } from '../support/redis-server.js';

/** On the server that REDIS_URL names, else on one of its own. */
let server: RedisServer | undefined;
const url = (): string => process.env['REDIS_URL'] ?? server!.url;

beforeAll(async () => {
  if (process.env['REDIS_URL'] === undefined) server = await RedisServer.start();
});
afterAll(async () => {
  await server?.stop();
});

const close = async (): Promise<void> => undefined;

describeLockStore('redis', { open: async () => redisStore({ url: url() }), close }, { describe, it });
describeLockStore(
  'redis, waiting by spin',
  { open: async () => redisStore({ url: url(), waiting: 'spin' }), close },
  { describe, it },
);
