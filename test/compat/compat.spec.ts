import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { entryPoints, manifest } from '../toolchain/entry-points.js';
import {
  builtOn,
  install,
  installNodes,
  NODES,
  packed,
  removeTemporaryFolders,
  run,
  temporaryFolder,
  whileRunning,
} from './consumer.js';

interface Vote {
  readonly inside: number;
  readonly fencingToken: number;
}

const APPLICATIONS = ['nest11-cjs', 'nest12-esm'] as const;
const folderOf = new Map<string, string>();
/** Where each version of Node is. */
let nodes: ReadonlyMap<string, string>;

beforeAll(async () => {
  const [found, ...installed] = await Promise.all([
    installNodes(),
    ...APPLICATIONS.map((name) => install(name, packed())),
  ]);
  nodes = found;
  APPLICATIONS.forEach((name, index) => folderOf.set(name, installed[index]!));
});
afterAll(removeTemporaryFolders);

/** Prints, for each specifier, whether `require` and `import` give one and the same module. */
const ONE_COPY = (specifiers: readonly string[]) => `
  const answers = ${JSON.stringify(specifiers)}.map(async (name) => {
    const required = require(name);
    const imported = await import(name);
    return Object.keys(required).length > 0 && Object.keys(required).every((key) => required[key] === imported[key]);
  });
  Promise.all(answers).then((all) => console.log(JSON.stringify(all)));`;

const LOADED_DRIVERS = `
  require('nestjs-distributed-lock');
  import('nestjs-distributed-lock').then(() =>
    console.log(JSON.stringify(Object.keys(require.cache).filter((path) => /node_modules.(ioredis|pg|mysql2|@opentelemetry|@nestjs.terminus)/.test(path)))));`;

describe.each(APPLICATIONS)('a %s application with the packed library', (application) => {
  const folder = () => folderOf.get(application)!;

  it('builds, the declarations of the library checked with it', async () => {
    await expect(run(folder(), 'npm', 'run', 'build')).resolves.not.toContain('error');
  });

  it.each(NODES)('boots on Node %s, and lets one vote of a user in at a time', async (version) => {
    const node = nodes.get(version)!;
    expect((await run(folder(), node, '--version')).trim()).toBe(`v${version}`);
    const votes = await whileRunning(folder(), builtOn(node), async (url) => {
      const vote = async () => (await (await fetch(`${url}/votes/7`, { method: 'POST' })).json()) as Vote;
      return Promise.all(Array.from({ length: 20 }, vote));
    });
    expect(votes.map(({ inside }) => inside)).toEqual(Array(20).fill(1));
    expect(new Set(votes.map(({ fencingToken }) => fencingToken)).size).toBe(20);
  });

  it('passes its own jest tests', async () => {
    await expect(run(folder(), 'npm', 'test')).resolves.toMatch(/Tests: +4 passed, 4 total/);
  });

  it.each(NODES)('has one copy of the library for require and import on Node %s', async (version) => {
    const hasDriver = application === 'nest12-esm';
    const specifiers = entryPoints
      .map(({ specifier }) => specifier)
      // An entry point that needs a driver can be loaded only where the application has it.
      .filter((specifier) => !/\/(postgres|mysql)$/.test(specifier))
      .filter((specifier) => hasDriver || !specifier.endsWith('/redis'));
    const printed = await run(folder(), nodes.get(version)!, '--no-warnings', '-e', ONE_COPY(specifiers));
    expect(JSON.parse(printed)).toEqual(specifiers.map(() => true));
  });

  it('has the program of the library under its name', async () => {
    const version = await run(folder(), 'npx', '--no', '--', 'nestjs-distributed-lock', '--version');
    expect(version.trim()).toBe(manifest.version);
  });

  it.each(NODES)('runs the program of the library on Node %s', async (version) => {
    const program = join(folder(), 'node_modules/.bin/nestjs-distributed-lock');
    const inspecting = run(folder(), nodes.get(version)!, program, 'inspect', 'memory:');
    await expect(inspecting).rejects.toThrow(/: A memory: store lives inside one process/);
  });

  it('loads no driver with the root, and no other optional package', async () => {
    const printed = await run(folder(), process.execPath, '--no-warnings', '-e', LOADED_DRIVERS);
    expect(JSON.parse(printed)).toEqual([]);
  });
});

it('the packed library takes and refuses under TypeScript 5.9 what it should', async () => {
  const folder = folderOf.get('nest11-cjs')!;
  const tsc = join(folder, 'node_modules/typescript/lib/tsc.js');
  expect(await run(folder, process.execPath, tsc, '--version')).toContain('Version 5.9.');
  const project = join(temporaryFolder(), 'tsconfig.json');
  const library = join(folder, 'node_modules', manifest.name);
  const paths = entryPoints.map(({ specifier, file }) => [
    specifier,
    [join(library, `dist/esm/${file}.d.ts`)],
  ]);
  const compilerOptions = {
    paths: Object.fromEntries(paths) as object,
    typeRoots: [resolve('node_modules/@types')],
  };
  const files = ['api.d.ts', 'compatible.ts', 'cases/*.ts'].map((path) => resolve('test/types', path));
  const config = { extends: resolve('tsconfig.json'), compilerOptions, include: files, exclude: [] };
  writeFileSync(project, JSON.stringify(config));
  await expect(run(folder, process.execPath, tsc, '-p', project)).resolves.toBe('');
});
