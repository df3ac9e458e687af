import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { filesBelow } from '../toolchain/sources.js';

const { resolve } = createRequire(join(process.cwd(), 'package.json'));
const COMPILERS = [
  { version: '6', tsc: resolve('typescript/lib/tsc.js') },
  { version: '7', tsc: join(dirname(resolve('@typescript/native/package.json')), 'bin/tsc') },
];

/** What the compiler says of a project; nothing where it compiles. */
function compile(tsc: string, project: string): string {
  return spawnSync(process.execPath, [tsc, '-p', project], { encoding: 'utf8' }).stdout;
}

describe.each(COMPILERS)('under TypeScript $version', ({ version, tsc }) => {
  it('is that version', () => {
    expect(spawnSync(process.execPath, [tsc, '--version'], { encoding: 'utf8' }).stdout).toContain(
      `Version ${version}.`,
    );
  });

  it('the package takes and refuses what it should, and keeps the surface that was promised', () => {
    expect(compile(tsc, 'test/types/tsconfig.json')).toBe('');
  });

  it('the promised surface takes and refuses the same', () => {
    expect(compile(tsc, 'test/types/reference/tsconfig.json')).toBe('');
  });
});

it('refuses in each file of cases', () => {
  const files = filesBelow('test/types/cases', '.ts');
  const refusals = files.map((path) => readFileSync(path, 'utf8').split('@ts-expect-error').length - 1);
  expect(files).toHaveLength(4);
  expect(Math.min(...refusals)).toBeGreaterThanOrEqual(7);
});
