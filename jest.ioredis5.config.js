import base from './jest.config.js';

/** What talks to Redis, once more with ioredis 5: every import of it is redirected. */
export default {
  ...base,
  testMatch: [
    '<rootDir>/test/contract/redis-{ioredis-5,cluster}.spec.ts',
    '<rootDir>/test/unit/stores/redis/{redis-session,redis-store,cluster-route,replicated-link,credentials}.spec.ts',
    '<rootDir>/test/fault/redis-sentinel.spec.ts',
  ],
  testPathIgnorePatterns: ['/node_modules/'],
  moduleNameMapper: { '^ioredis$': '<rootDir>/node_modules/ioredis-5', ...base.moduleNameMapper },
};
