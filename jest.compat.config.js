import base from './jest.config.js';

/** The packed tarball in applications of others: needs the npm registry, so it is a run of its own. */
export default {
  ...base,
  globalSetup: '<rootDir>/test/compat/pack.mjs',
  globalTeardown: '<rootDir>/test/compat/unpack.mjs',
  testMatch: ['<rootDir>/test/compat/*.spec.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  // Each case installs an application.
  testTimeout: 600_000,
};
