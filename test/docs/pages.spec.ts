import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { blocksOf, ownCode, pages, pathOf, ROOT, textOf, Workspace } from '../support/doc-pages.js';

/** What the reader of the README has of their own. */
const GIVEN = {
  'README/vote-history.ts': `export declare class VoteHistory {
    has(userSeq: number, voteSeq: number): Promise<boolean>;
    add(userSeq: number, voteSeq: number): Promise<void>;
  }`,
};

const compiled = pages.flatMap(ownCode);

/** As GitHub makes them of headings. */
const anchorsOf = (page: string): string[] =>
  [...textOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

/** Links from one page to another, or within it. */
const linksOf = (page: string): string[] =>
  [
    ...textOf(page)
      .replaceAll(/^```.*?^```$/gms, '')
      .matchAll(/\]\(([^)\s]+)\)/g),
  ]
    .map(([, target = '']) => target)
    .filter((target) => !/^\w+:/.test(target));

describe('the code of the pages', () => {
  let workspace: Workspace;
  beforeAll(async () => {
    workspace = await Workspace.of(pages, GIVEN);
  });
  afterAll(() => workspace.remove());

  it('is found', () => {
    expect(compiled.length).toBeGreaterThan(30);
    expect(compiled.filter(({ marker }) => marker === 'run').length).toBeGreaterThan(0);
    const written = compiled.map(pathOf);
    expect(written.filter((path, index) => written.indexOf(path) !== index)).toEqual([]);
  });

  it('compiles under the strict settings of this project', () => {
    const tsc = join(ROOT, 'node_modules/.bin/tsc');
    const { stdout, status } = spawnSync(tsc, ['-p', workspace.folder, '--noEmit'], { encoding: 'utf8' });
    expect(stdout).toBe('');
    expect(status).toBe(0);
  });

  it.each(compiled.filter(({ marker }) => marker === 'run'))('runs: $page, line $line', async (block) => {
    await expect(workspace.load(pathOf(block))).resolves.toBeDefined();
  });

  it('that is a piece of a file is what stands in it', () => {
    const pieces = pages.flatMap(blocksOf).filter(({ marker }) => marker === 'from');
    const strangers = pieces.filter(
      ({ name, text }) => !readFileSync(join(ROOT, name), 'utf8').includes(text),
    );
    expect(pieces.length).toBeGreaterThan(3);
    expect(strangers.map(({ page, line, name }) => `${page}:${line} is not in ${name}`)).toEqual([]);
  });

  it('for other libraries is TypeScript at least', () => {
    const theirs = pages
      .flatMap(blocksOf)
      .filter(({ language, marker }) => language === 'ts' && marker === 'theirs');
    const broken = theirs.filter(
      ({ text }) => ts.transpileModule(text, { reportDiagnostics: true }).diagnostics?.length !== 0,
    );
    expect(broken.map(({ page, line }) => `${page}:${line}`)).toEqual([]);
  });
});

describe('the pages', () => {
  it('stand all in their index', () => {
    const listed = linksOf('docs/README.md').map((target) => `docs/${target}`);
    const missing = pages.filter((page) => !['README.md', 'docs/README.md', ...listed].includes(page));
    expect(missing).toEqual([]);
  });

  it.each(pages)('lead where there is something: %s', (page) => {
    const dead = linksOf(page).filter((target) => {
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : join(dirname(page), path);
      if (!existsSync(join(ROOT, file))) return true;
      return anchor !== undefined && !anchorsOf(file).includes(anchor);
    });
    expect(dead).toEqual([]);
  });

  it('name tests that exist', () => {
    const named = pages.flatMap((page) =>
      [...textOf(page).matchAll(/`(test\/[\w./-]+)`/g)].map(([, path = '']) => ({
        page: basename(page),
        path,
      })),
    );
    expect(named.filter(({ path }) => !existsSync(join(ROOT, path)))).toEqual([]);
  });
});
