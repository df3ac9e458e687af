import base from './jest.config.js';

/**
 * What the client of Redis can change, once more with ioredis 5: every import of it is redirected. Its contract is run on a
 * single server; of Sentinel and Cluster, the suites of sessions and fail-overs. Those of given clients have both versions
 * in `npm test`.
 */
export default {
  ...base,
  testMatch: [
    '<rootDir>/test/contract/redis-ioredis-5.spec.ts',
    '<rootDir>/test/unit/stores/redis/{redis-session,redis-store,cluster-route,replicated-link,credentials,sentinels}.spec.ts',
    '<rootDir>/test/fault/redis-sentinel.spec.ts',
  ],
  testPathIgnorePatterns: ['/node_modules/'],
  moduleNameMapper: { '^ioredis$': '<rootDir>/node_modules/ioredis-5', ...base.moduleNameMapper },
};
