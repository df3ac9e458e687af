import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { lint, lintPlanted } from './oxlint.js';

/** For each room of lib/: an import it may have, and one that crosses a wall. */
const WALLS: readonly { room: string; may: readonly string[]; mayNot: readonly string[] }[] = [
  {
    room: 'util',
    may: ['../errors.js', 'node:fs/promises'],
    mayNot: ['../line/store.js', '../index.js', 'rxjs'],
  },
  { room: 'key', may: ['../util/clock.js', 'acorn'], mayNot: ['../core/hold.js', '../line/store.js', 'pg'] },
  {
    room: 'line',
    may: ['../errors.js', '../util/clock.js'],
    mayNot: ['../core/hold.js', '../stores/redis/a.js'],
  },
  {
    room: 'core',
    may: ['../line/store.js', '../util/clock.js', './hold.js'],
    mayNot: [
      '../key/lock-key.js',
      '../nest/tokens.js',
      '../stores/memory/index.js',
      '@nestjs/common',
      'rxjs',
      'ioredis',
    ],
  },
  {
    room: 'nest',
    may: [
      '../core/hold.js',
      '../key/lock-key.js',
      '../stores/memory/index.js',
      '@nestjs/common',
      'rxjs/operators',
    ],
    mayNot: ['../stores/redis/index.js', '../url/index.js', '../testing/index.js', 'ioredis', 'express'],
  },
  {
    room: 'url',
    may: ['../stores/redis/index.js', '../line/store.js'],
    mayNot: ['../core/hold.js', '../nest/a.js', 'ioredis'],
  },
  {
    room: 'testing',
    may: ['../core/hold.js', '../line/store.js', 'node:assert/strict'],
    mayNot: ['../stores/memory/index.js', '../nest/a.js', '../key/a.js', '@jest/globals'],
  },
  {
    room: 'cli',
    may: ['../url/index.js', '../line/store.js'],
    mayNot: ['../core/hold.js', '../stores/redis/index.js', 'ioredis'],
  },
];

/** For each store: what it may import beyond the port, and the drivers and stores that are not its own. */
const STORES: readonly { store: string; may: readonly string[]; mayNot: readonly string[] }[] = [
  { store: 'memory', may: [], mayNot: ['ioredis', '../redis/index.js'] },
  {
    store: 'redis',
    may: ['ioredis'],
    mayNot: ['pg', '../memory/index.js', '../sql/a.js', '@nestjs/common', 'rxjs'],
  },
  { store: 'sql', may: [], mayNot: ['pg', 'mysql2', '../postgres/index.js'] },
  { store: 'postgres', may: ['pg', '../sql/a.js'], mayNot: ['mysql2', 'ioredis', '../mysql/index.js'] },
  { store: 'mysql', may: ['mysql2/promise', '../sql/a.js'], mayNot: ['pg', '../postgres/index.js'] },
  { store: 'zookeeper', may: ['node:net'], mayNot: ['zookeeper', 'ioredis', '../sql/a.js'] },
  { store: 'quorum', may: [], mayNot: ['ioredis', '../redis/index.js'] },
];

const PORT = ['../../line/store.js', '../../util/clock.js', '../../errors.js', './own.js'];
const BEYOND_A_STORE = ['../../core/hold.js', '../../key/a.js', '../../nest/a.js', '../../index.js'];

const IMPORT = 'no-restricted-imports';
const importing = (path: string) => `import type { thing } from '${path}';\nexport type It = typeof thing;\n`;

/** Plants each import in a file of its own and answers those that the linter refused. */
function refused(folder: string, imports: readonly string[]): string[] {
  const files = Object.fromEntries(
    imports.map((path, index) => [`${folder}/planted-${index}.ts`, importing(path)]),
  );
  const found = lintPlanted(files).filter(({ rule }) => rule.includes(IMPORT));
  return imports.filter((_, index) => found.some(({ file }) => file.endsWith(`planted-${index}.ts`)));
}

describe('the direction of imports', () => {
  it.each(WALLS)('lib/$room imports what its room allows and nothing else', ({ room, may, mayNot }) => {
    expect(refused(`lib/${room}`, [...may, ...mayNot])).toEqual(mayNot);
  });

  it.each(STORES)(
    'lib/stores/$store imports the port, its own driver, and no other store',
    ({ store, may, mayNot }) => {
      const walls = [...mayNot, ...BEYOND_A_STORE];
      expect(refused(`lib/stores/${store}`, [...PORT, ...may, ...walls])).toEqual(walls);
    },
  );

  it('errors.ts imports nothing, and the root neither a driver nor a store that loads one', () => {
    const found = lintPlanted({
      'lib/errors.ts': importing('./util/clock.js'),
      'lib/index.ts': `${importing('./stores/redis/index.js')}export type { Redis } from 'ioredis';\nexport { b } from './errors.js';\n`,
    }).filter(({ rule }) => rule.includes(IMPORT));
    expect(found.map(({ file }) => file).sort()).toEqual(['lib/errors.ts', 'lib/index.ts', 'lib/index.ts']);
  });

  it('has a rule for every folder that stands in lib/', () => {
    const folders = ['lib', 'lib/stores'].flatMap((parent) =>
      readdirSync(parent, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && entry.name !== 'stores')
        .map((entry) => `${parent}/${entry.name}`),
    );
    const unruled = folders.filter((folder) => refused(folder, ['left-pad']).length === 0);
    expect(existsSync('lib/core')).toBe(true);
    expect(unruled).toEqual([]);
  });

  it('the sample and the benchmarks know the package by its name only', () => {
    const path = ['sample-app/src/a.ts', 'bench/a.ts'];
    const found = lintPlanted(
      Object.fromEntries(path.map((file) => [file, importing('../../lib/index.js')])),
    );
    expect(found.filter(({ rule }) => rule.includes(IMPORT)).map(({ file }) => file)).toEqual(path);
  });
});

describe('the other rules of the house', () => {
  const PLANTED: readonly { what: string; rule: string; text: string; path?: string }[] = [
    { what: 'the wall clock', rule: 'no-restricted-properties', text: 'export const a = Date.now();' },
    { what: 'a random number', rule: 'no-restricted-properties', text: 'export const a = Math.random();' },
    { what: 'a timer', rule: 'no-restricted-globals', text: 'setTimeout(() => undefined, 1);' },
    { what: 'a default export', rule: 'no-default-export', text: 'export default 1;' },
    { what: 'any', rule: 'no-explicit-any', text: 'export const a = (b: any) => String(b);' },
    { what: 'a promise nobody waits for', rule: 'no-floating-promises', text: 'Promise.resolve(1);' },
    {
      what: 'a fourth parameter',
      rule: 'max-params',
      text: 'export const a = (b: 1, c: 1, d: 1, e: 1) => b + c + d + e;',
    },
    { what: 'a file of 301 lines', rule: 'max-lines', text: `export const a = 1;${'\n// more'.repeat(301)}` },
    {
      what: 'a function of more than 40 lines',
      rule: 'max-lines-per-function',
      text: `export function a() {\n${'  console.debug(1);\n'.repeat(41)}}`,
    },
    {
      what: 'a function of more than eight ways',
      rule: 'complexity',
      text: `export const a = (b: number) => ${'b === 1 ? 2 : '.repeat(8)}3;`,
    },
    { what: 'console', rule: 'no-console', text: 'console.log(1);' },
    {
      what: 'a test that is skipped',
      rule: 'no-disabled-tests',
      text: "it.skip('a', () => expect(1).toBe(1));",
      path: 'test/unit/a.spec.ts',
    },
    {
      what: 'a test that is alone',
      rule: 'no-focused-tests',
      text: "it.only('a', () => expect(1).toBe(1));",
      path: 'test/unit/a.spec.ts',
    },
    {
      what: 'a test that expects nothing',
      rule: 'expect-expect',
      text: "it('a', () => undefined);",
      path: 'test/unit/a.spec.ts',
    },
  ];

  it.each(PLANTED)('refuses $what', ({ rule, text, path = 'lib/core/planted.ts' }) => {
    const found = lintPlanted({ [path]: `${text}\n` });
    expect(found.map((complaint) => complaint.rule).join()).toContain(rule);
  });

  it('refuses two files that import each other', () => {
    const found = lintPlanted({
      'lib/core/a.ts': "import { b } from './b.js';\nexport const a = () => b;\n",
      'lib/core/b.ts': "import { a } from './a.js';\nexport const b = () => a;\n",
    });
    expect(found.map(({ rule }) => rule).join()).toContain('no-cycle');
  });

  it('allows configuration files their default export, and tests their long bodies', () => {
    const body = `describe('a', () => {\n${"  it('b', () => { expect(1 + 1).toBe(2); });\n".repeat(60)}});\n`;
    const found = lintPlanted({ 'jest.config.js': 'export default {};\n', 'test/unit/a.spec.ts': body });
    expect(found.filter(({ rule }) => !rule.includes('identical-title'))).toEqual([]);
  });
});

it('finds nothing to complain of in the project itself', () => {
  expect(lint(process.cwd())).toEqual([]);
});
