import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { entryPoints } from '../toolchain/entry-points.js';
import { install, pack, removeTemporaryFolders, run, temporaryFolder, whileRunning } from './consumer.js';

interface Vote {
  readonly inside: number;
  readonly fencingToken: number;
}

const APPLICATIONS = ['nest11-cjs', 'nest12-esm'] as const;
const folderOf = new Map<string, string>();

beforeAll(async () => {
  const tarball = await pack(temporaryFolder());
  const installed = await Promise.all(APPLICATIONS.map((name) => install(name, tarball)));
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

  it('boots, and lets one vote of a user in at a time', async () => {
    const votes = await whileRunning(folder(), async (url) => {
      const vote = async () => (await (await fetch(`${url}/votes/7`, { method: 'POST' })).json()) as Vote;
      return Promise.all(Array.from({ length: 20 }, vote));
    });
    expect(votes.map(({ inside }) => inside)).toEqual(Array(20).fill(1));
    expect(new Set(votes.map(({ fencingToken }) => fencingToken)).size).toBe(20);
  });

  it('passes its own jest tests', async () => {
    await expect(run(folder(), 'npm', 'test')).resolves.toMatch(/Tests: +4 passed, 4 total/);
  });

  it('has one copy of the library for require and import', async () => {
    const hasDriver = application === 'nest12-esm';
    const specifiers = entryPoints
      .map(({ specifier }) => specifier)
      // An entry point that needs a driver can be loaded only where the application has it.
      .filter((specifier) => !/\/(postgres|mysql)$/.test(specifier))
      .filter((specifier) => hasDriver || !specifier.endsWith('/redis'));
    const printed = await run(folder(), process.execPath, '--no-warnings', '-e', ONE_COPY(specifiers));
    expect(JSON.parse(printed)).toEqual(specifiers.map(() => true));
  });

  it('loads no driver with the root, and no other optional package', async () => {
    const printed = await run(folder(), process.execPath, '--no-warnings', '-e', LOADED_DRIVERS);
    expect(JSON.parse(printed)).toEqual([]);
  });
});
