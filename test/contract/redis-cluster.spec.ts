import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { redisStore } from '../../lib/stores/redis/index.js';
import { describeLockStore } from '../../lib/testing/index.js';
import { RedisCluster } from '../support/redis-cluster.js';

/** Three masters with a replica each: several keys lie in several slots. */
let cluster: RedisCluster;

beforeAll(async () => {
  cluster = await RedisCluster.start();
});
afterAll(async () => {
  await cluster.stop();
});

const close = async (): Promise<void> => undefined;

describeLockStore(
  'redis, in a cluster',
  { open: async () => redisStore(cluster.connection), close },
  { describe, it },
);
