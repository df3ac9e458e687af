import { readFileSync } from 'node:fs';

const { name, exports } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));

/**
 * The API reference of everything that the package publishes; a warning is an error.
 *
 * @type {Partial<import('typedoc').TypeDocOptions>}
 */
export default {
  name,
  entryPoints: Object.values(exports)
    .filter((target) => typeof target === 'object')
    .map((target) => target.import.default.replace('./dist/esm/', 'lib/').replace(/\.js$/, '.ts')),
  tsconfig: 'tsconfig.build.json',
  out: 'docs/api',
  readme: 'none',
  githubPages: false,
  excludePrivate: true,
  excludeInternal: true,
  disableSources: true,
  treatWarningsAsErrors: true,
  validation: { notExported: true, invalidLink: true, notDocumented: true },
  requiredToBeDocumented: ['Class', 'Interface', 'Function', 'Variable', 'TypeAlias', 'Method', 'Accessor'],
  // Types that only spell out another one, and what Nest alone injects.
  intentionallyNotExported: ['Fits', 'Asked', 'LockErrorInit', 'LockRuntime'],
  intentionallyNotDocumented: ['index.DistributedLock.K', 'index.LockDecorator.__type.M'],
};
