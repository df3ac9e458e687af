import { expect, it } from '@jest/globals';
import { filesBelow } from './sources.js';
import { readJson } from './entry-points.js';

interface Lock {
  readonly packages: Record<string, { version?: string; optionalDependencies?: Record<string, string> }>;
}

const LOCKS = [
  'package-lock.json',
  'bench/package-lock.json',
  ...filesBelow('test/compat', 'package-lock.json'),
];

// A registry that does not carry a platform's binaries makes npm leave them out, and then `npm ci` fails everywhere.
it.each(LOCKS)('%s names every optional dependency: node scripts/complete-lockfiles.mjs', (path) => {
  const { packages } = readJson<Lock>(path);
  const names = new Set(Object.keys(packages).map((place) => place.replace(/^.*node_modules\//, '')));
  const wanted = Object.values(packages).flatMap((one) => Object.keys(one.optionalDependencies ?? {}));
  expect(wanted.filter((name) => !names.has(name))).toEqual([]);
});

it('knows the lock file of each application', () => {
  expect(LOCKS).toHaveLength(5);
});
