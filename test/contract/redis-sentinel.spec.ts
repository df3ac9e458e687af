import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { redisStore } from '../../lib/stores/redis/index.js';
import { describeLockStore } from '../../lib/testing/index.js';
import { RedisSentinel } from '../support/redis-sentinel.js';

/** A master that is found through sentinels, and every grant acknowledged by its replica. */
let trio: RedisSentinel;

beforeAll(async () => {
  trio = await RedisSentinel.start({ replicas: 1 });
});
afterAll(async () => {
  await trio.stop();
});

const close = async (): Promise<void> => undefined;

describeLockStore(
  'redis, by sentinels, waiting for a replica',
  { open: async () => redisStore({ ...trio.connection, waitReplicas: 1 }), close },
  { describe, it },
);
