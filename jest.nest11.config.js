import base from './jest.config.js';

const NEST_11 = '<rootDir>/test/compat/nest11/node_modules';

/** The unit and e2e suites once more, on Nest 11: every import of Nest, ours and Nest's own, is redirected. */
export default {
  ...base,
  globals: { NEST_MAJOR: 11 },
  testMatch: ['<rootDir>/test/{unit,e2e}/**/*.spec.ts', '<rootDir>/test/toolchain/nest-major.spec.ts'],
  moduleNameMapper: {
    '^@nestjs/(.*)$': `${NEST_11}/@nestjs/$1`,
    '^(rxjs|reflect-metadata|class-validator|class-transformer)(/.*)?$': `${NEST_11}/$1$2`,
    ...base.moduleNameMapper,
  },
};
