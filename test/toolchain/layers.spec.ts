import { readdirSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { lintPlanted } from './oxlint.js';

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
    room: 'telemetry',
    may: ['../core/lock-events.js', '../util/version.js', '@opentelemetry/api'],
    mayNot: [
      '../core/hold.js',
      '../nest/tokens.js',
      '../line/store.js',
      '../key/lock-key.js',
      '@nestjs/common',
      '@opentelemetry/sdk-metrics',
    ],
  },
  {
    room: 'health',
    may: ['../core/lock-runtime.js', '../nest/tokens.js', '@nestjs/common', '@nestjs/terminus'],
    mayNot: [
      '../core/hold.js',
      '../nest/lock-plan.js',
      '../stores/memory/index.js',
      '../telemetry/index.js',
      '@nestjs/core',
      'rxjs',
      '@opentelemetry/api',
    ],
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

const ROOMS = [
  ...WALLS.map(({ room, may, mayNot }) => ({ folder: `lib/${room}`, may, mayNot })),
  ...STORES.map(({ store, may, mayNot }) => ({
    folder: `lib/stores/${store}`,
    may: [...PORT, ...may],
    mayNot: [...mayNot, ...BEYOND_A_STORE],
  })),
  {
    folder: 'lib/stores/zookeeper/client',
    may: ['../../../util/clock.js', './own.js', 'node:net'],
    mayNot: ['../own.js', '../../../line/store.js', '../../redis/index.js', 'zookeeper'],
  },
];

const foldersOf = (parent: string) =>
  readdirSync(parent, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'stores')
    .map(({ name }) => `${parent}/${name}`);
const FOLDERS = [...foldersOf('lib'), ...foldersOf('lib/stores')];

/** A package that nobody allowed anywhere. */
const STRANGER = 'left-pad';
const OUTSIDE = ['sample-app/src/a.ts', 'bench/a.ts'];

const importing = (path: string) => `import type { thing } from '${path}';\nexport type It = typeof thing;\n`;
/** The file that an import is planted in. */
const bed = (folder: string, path: string) => `${folder}/planted-${path.replace(/\W/g, '_')}.ts`;

describe('the direction of imports', () => {
  let refused: ReadonlySet<string>;
  beforeAll(() => {
    const plants = [
      ...ROOMS.flatMap(({ folder, may, mayNot }) => [...may, ...mayNot].map((path) => ({ folder, path }))),
      ...FOLDERS.map((folder) => ({ folder, path: STRANGER })),
    ];
    const found = lintPlanted({
      ...Object.fromEntries(plants.map(({ folder, path }) => [bed(folder, path), importing(path)])),
      'lib/errors.ts': importing('./util/clock.js'),
      'lib/index.ts': `export { b } from './errors.js';\n${importing('./stores/redis/index.js')}`,
      ...Object.fromEntries(OUTSIDE.map((file) => [file, importing('../../lib/index.js')])),
    });
    const imports = found.filter(({ rule }) => rule.includes('no-restricted-imports'));
    refused = new Set(imports.map(({ file }) => file));
  });

  it.each(ROOMS)('$folder imports what its room allows and nothing else', ({ folder, may, mayNot }) => {
    const tried = [...may, ...mayNot];
    expect(tried.filter((path) => refused.has(bed(folder, path)))).toEqual(mayNot);
  });

  it('errors.ts imports nothing, and the root neither a driver nor a store that loads one', () => {
    expect(['lib/errors.ts', 'lib/index.ts'].filter((file) => !refused.has(file))).toEqual([]);
  });

  it('has a rule for every folder that stands in lib/', () => {
    expect(FOLDERS).toContain('lib/stores/memory');
    expect(FOLDERS.filter((folder) => !refused.has(bed(folder, STRANGER)))).toEqual([]);
  });

  it('the sample and the benchmarks know the package by its name only', () => {
    expect(OUTSIDE.filter((file) => !refused.has(file))).toEqual([]);
  });
});
