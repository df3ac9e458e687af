export {
  type RedisConnection,
  type RedisNode,
  redisStore,
  type RedisStoreOptions,
  type RedisWaiting,
} from './redis-store.js';
