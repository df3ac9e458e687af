import base from './jest.config.js';

const NEST_11 = '<rootDir>/test/compat/nest11/node_modules';

/**
 * The e2e suites, and the unit suites of what stands near Nest, once more on Nest 11: every import of Nest, ours and
 * Nest's own, is redirected. The rest of the library knows nothing of Nest.
 */
export default {
  ...base,
  globals: { NEST_MAJOR: 11 },
  testMatch: [
    '<rootDir>/test/e2e/**/*.spec.ts',
    '<rootDir>/test/unit/{key,nest,url,testing}/**/*.spec.ts',
    '<rootDir>/test/toolchain/nest-major.spec.ts',
  ],
  moduleNameMapper: {
    '^@nestjs/(.*)$': `${NEST_11}/@nestjs/$1`,
    '^(rxjs|reflect-metadata|class-validator|class-transformer)(/.*)?$': `${NEST_11}/$1$2`,
    ...base.moduleNameMapper,
  },
};
