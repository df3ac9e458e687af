import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readJson } from './entry-points.js';

const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'ARCHITECTURE.md',
  'CHANGELOG.md',
  ...readdirSync('docs').map((name) => join('docs', name)),
].filter((name) => name.endsWith('.md'));

describe.each(PAGES)('%s', (page) => {
  const text = readFileSync(page, 'utf8');

  it('names scripts that there are', () => {
    const { scripts } = readJson<{ scripts: Record<string, string> }>('package.json');
    const named = [
      ...text.matchAll(/`npm run (?:--silent )?([\w:]+)/g),
      ...text.matchAll(/^npm run ([\w:]+)/gm),
    ];
    expect(named.map(([, name]) => name).filter((name) => !(name! in scripts))).toEqual([]);
  });

  it('leads to files that there are', () => {
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, path]) => path!);
    expect(links.filter((path) => !existsSync(join(dirname(page), path)))).toEqual([]);
  });
});

it('the page for contributors names the three commands, the first of them first', () => {
  const commands = /```sh\n([^`]+)```/.exec(readFileSync('CONTRIBUTING.md', 'utf8'))?.[1];
  const names = commands?.split('\n').map((line) => line.split(' #')[0]!.trim());
  expect(names).toEqual(['npm ci', 'npm test', 'bash .ci/run', '']);
});
