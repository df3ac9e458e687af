import { existsSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { entryPoints, manifest, readJson } from './entry-points.js';

/** Folders whose exports users reach through the root, or not at all. */
const NOT_PUBLISHED = [
  'core',
  'key',
  'line',
  'nest',
  'util',
  'cli',
  'stores/memory',
  'stores/quorum',
  'stores/sql',
];

const foldersOf = (parent: string) =>
  readdirSync(parent, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

const mapped = <T>(value: (file: string) => T) =>
  Object.fromEntries(entryPoints.map(({ specifier, file }) => [specifier, value(file)]));

describe('the published subpaths', () => {
  it('are the folders that are meant for users, and the root', () => {
    const folders = [
      ...foldersOf('lib').filter((name) => name !== 'stores'),
      ...foldersOf('lib/stores').map((name) => `stores/${name}`),
    ];
    const published = folders.filter((name) => !NOT_PUBLISHED.includes(name)).map((name) => `${name}/index`);
    expect(entryPoints.map(({ file }) => file).sort()).toEqual([...published, 'index'].sort());
  });

  it('are the ones of this version', () => {
    expect(entryPoints.map(({ subpath }) => subpath)).toEqual([
      '.',
      './redis',
      './postgres',
      './mysql',
      './zookeeper',
      './url',
      './opentelemetry',
      './terminus',
      './testing',
    ]);
  });

  it('each have a source file', () => {
    expect(entryPoints.filter(({ file }) => !existsSync(`lib/${file}.ts`))).toEqual([]);
  });

  it('have one copy for import and require, the ES modules for import, CommonJS for require', () => {
    const expected = Object.fromEntries(
      entryPoints.map(({ subpath, file }) => {
        const half = (name: string) => ({
          types: `./dist/${name}/${file}.d.ts`,
          default: `./dist/${name}/${file}.js`,
        });
        return [subpath, { 'module-sync': half('esm'), import: half('esm'), require: half('cjs') }];
      }),
    );
    expect(manifest.exports).toEqual({ ...expected, './package.json': './package.json' });
    // Conditions are tried in the order in which they stand.
    for (const target of Object.values(manifest.exports).filter((one) => typeof one === 'object')) {
      expect(Object.keys(target)).toEqual(['module-sync', 'import', 'require']);
    }
  });

  it('resolve for a TypeScript that does not read exports', () => {
    const subpaths = entryPoints.filter(({ subpath }) => subpath !== '.');
    const types = subpaths.map(({ subpath, file }) => [subpath.slice(2), [`./dist/cjs/${file}.d.ts`]]);
    expect(manifest.typesVersions).toEqual({ '*': Object.fromEntries(types) });
  });

  it('resolve to the sources in tsc and nest build', () => {
    const { compilerOptions } = readJson<{ compilerOptions: { paths: unknown } }>('tsconfig.json');
    expect(compilerOptions.paths).toEqual(mapped((file) => [`./lib/${file}.ts`]));
  });

  it('resolve to the sources in jest', async () => {
    const config = (await import(pathToFileURL(resolve('jest.config.js')).href)) as {
      default: { moduleNameMapper: Record<string, string> };
    };
    const { '^(\\.{1,2}/.*)\\.js$': _, ...names } = config.default.moduleNameMapper;
    const exact = Object.fromEntries(
      Object.entries(names).map(([pattern, file]) => [pattern.slice(1, -1), file]),
    );
    expect(exact).toEqual(mapped((file) => `<rootDir>/lib/${file}.ts`));
  });
});
