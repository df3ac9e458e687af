import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { type PublicName, publicNames } from './toolchain/public-surface.js';
import { filesBelow, nodesIn, nodesOf, placeOf } from './toolchain/sources.js';

/** Words that say something else here, or nothing; the glossary has one word for each idea. */
const NOT_OUR_WORDS = /^(ttl|expiry|resource|lockname|identifier|refresh|driver|provider|adapter)s?$/;
/** Names of the browser's own locks; an import would hide them. */
const NAMES_OF_OTHERS = ['Lock', 'LockManager'];

/** What OpenTelemetry calls its own; whoever uses it looks for these. */
const WORDS_OF_OTHERS = ['tracerProvider', 'meterProvider'];

const isGenerated = (path: string) => path.endsWith('.generated.ts');
const sources = filesBelow('lib', '.ts');
const specs = filesBelow('test', '.spec.ts');

const wordsOf = (name: string) => name.split(/(?<=[a-z0-9])(?=[A-Z])|_/).map((word) => word.toLowerCase());
const isForeignWord = (name: string) =>
  ([...wordsOf(name), name.toLowerCase()].some((word) => NOT_OUR_WORDS.test(word)) &&
    !WORDS_OF_OTHERS.includes(name)) ||
  NAMES_OF_OTHERS.includes(name);

/** The places in a file where a test is kept from running, or everything but it. */
const silencedTests = (nodes: readonly ts.Node[]) =>
  nodes.filter(
    (node) =>
      (ts.isPropertyAccessExpression(node) &&
        /^(it|test|describe)\.(.*\.)?(skip|only|todo|failing)$/.test(node.getText())) ||
      (ts.isCallExpression(node) && /^[xf](it|test|describe)$/.test(node.expression.getText())),
  );

const isNewDate = (node: ts.Node) =>
  (ts.isNewExpression(node) && node.expression.getText() === 'Date' && !node.arguments?.length) ||
  (ts.isCallExpression(node) && node.expression.getText() === 'Date');

describe('a file of lib/', () => {
  it('has at most 300 lines', () => {
    const long = sources.filter(
      (path) => !isGenerated(path) && readFileSync(path, 'utf8').split('\n').length > 301,
    );
    expect(long).toEqual([]);
  });

  it('names what it passes on', () => {
    const stars = sources
      .flatMap(nodesOf)
      .filter((node) => ts.isExportDeclaration(node) && !node.exportClause);
    expect(stars.map(placeOf)).toEqual([]);
  });

  it('reads no wall clock', () => {
    expect(sources.flatMap(nodesOf).filter(isNewDate).map(placeOf)).toEqual([]);
    expect(nodesIn('a.ts', 'new Date(); Date(); new Date(0);').filter(isNewDate)).toHaveLength(2);
  });

  it('runs as CommonJS too: no import.meta, no await outside of a function', () => {
    const hasFunctionAround = (node: ts.Node) => ts.findAncestor(node, ts.isFunctionLike) !== undefined;
    const found = sources
      .flatMap(nodesOf)
      .filter((node) => ts.isMetaProperty(node) || (ts.isAwaitExpression(node) && !hasFunctionAround(node)))
      .filter((node) => node.getText() !== 'new.target');
    expect(found.map(placeOf)).toEqual([]);
  });

  it('hides no import in a type, where the linter does not look', () => {
    expect(sources.flatMap(nodesOf).filter(ts.isImportTypeNode).map(placeOf)).toEqual([]);
  });

  it('has its tests elsewhere', () => {
    expect(sources.filter((path) => path.endsWith('.spec.ts'))).toEqual([]);
  });
});

describe('lib/nest and lib/health', () => {
  it('names the token of everything that is injected, so that no compiler setting matters', () => {
    const files = [...filesBelow('lib/nest', '.ts'), ...filesBelow('lib/health', '.ts')];
    const constructors = files.flatMap(nodesOf).filter(ts.isConstructorDeclaration);
    const injectable = constructors.filter((one) =>
      ts
        .getDecorators(one.parent as ts.ClassDeclaration)
        ?.some((two) => /^@(Injectable|Module)\(/.test(two.getText())),
    );
    const bare = injectable
      .flatMap((one) => [...one.parameters])
      .filter((one) => !/@Inject\(/.test(one.getText()));
    expect(bare.map(placeOf)).toEqual([]);
  });
});

describe('lib/url', () => {
  it('loads a store only when its scheme is asked for', () => {
    const imports = filesBelow('lib/url', '.ts').flatMap(nodesOf).filter(ts.isImportDeclaration);
    const early = imports.filter(
      (one) => /\/stores\/(?!memory\/)/.test(one.moduleSpecifier.getText()) && !one.importClause?.isTypeOnly,
    );
    expect(early.map(placeOf)).toEqual([]);
  });
});

describe('the public surface', () => {
  let names: readonly PublicName[];
  beforeAll(() => {
    names = publicNames();
  });

  it('is there', () => {
    expect(new Set(names.map(({ entry }) => entry)).size).toBe(9);
    expect(names.filter(({ isMember }) => isMember).length).toBeGreaterThan(30);
  });

  it('has a sentence for each export', () => {
    expect(names.filter(({ isMember, hasDoc }) => !isMember && !hasDoc).map(({ path }) => path)).toEqual([]);
  });

  it('has a sentence for each option', () => {
    const options = names.filter(
      ({ path, isMember }) => isMember && /^\w*(Options|Extras|Connection|Waiting)\./.test(path),
    );
    expect(options.length).toBeGreaterThan(15);
    expect(options.filter(({ hasDoc }) => !hasDoc).map(({ path }) => path)).toEqual([]);
  });

  it('keeps to the words of the glossary', () => {
    expect(names.filter(({ name }) => isForeignWord(name)).map(({ path }) => path)).toEqual([]);
    expect(
      ['leaseTtl', 'LockProvider', 'lockName', 'LOCK_DRIVER', 'Lock'].filter((name) => !isForeignWord(name)),
    ).toEqual([]);
  });
});

describe('the tests', () => {
  it('all run', () => {
    expect(specs.flatMap(nodesOf).length).toBeGreaterThan(0);
    expect(silencedTests(specs.flatMap(nodesOf)).map(placeOf)).toEqual([]);
    const planted =
      "it.skip('a'); describe.only.each([]); test.todo('b'); xit('c'); fdescribe('d'); it.failing('e');";
    expect(silencedTests(nodesIn('a.spec.ts', planted))).toHaveLength(6);
  });

  it('of a unit stand in the folder of what they test', () => {
    // Those of errors.ts stand at the top; tools of the tests have tests as well.
    const folderOf = (spec: string) => dirname(spec.replace(/^test\/unit\//, ''));
    const isMirrored = (spec: string) =>
      ['lib', 'test', '.'].some((parent) => existsSync(join(parent, folderOf(spec))));
    const isAtTop = (spec: string) =>
      folderOf(spec) === '.' && !existsSync(`lib/${basename(spec, '.spec.ts')}.ts`);
    const units = specs.filter((spec) => spec.startsWith('test/unit/'));
    expect(units.filter((spec) => !isMirrored(spec) || isAtTop(spec))).toEqual([]);
  });

  it('hold every store to the contract', () => {
    const folders = readdirSync('lib/stores').filter((name) => name !== 'sql');
    const missing = folders.filter(
      (name) => !specs.some((spec) => new RegExp(`^test/contract/${name}(-\\w+)*\\.spec\\.ts$`).test(spec)),
    );
    expect(folders).toContain('memory');
    expect(missing).toEqual([]);
  });
});

describe('a generated file', () => {
  it('is as fresh as what it is made from, and says so in its first line', () => {
    for (const script of [
      'scripts/generate-scripts.mjs',
      'scripts/generate-sql.mjs',
      'scripts/generate-mysql.mjs',
    ]) {
      const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
      expect({ script, status, stderr }).toEqual({ script, status: 0, stderr: '' });
    }
    for (const path of sources.filter(isGenerated)) {
      expect(readFileSync(path, 'utf8')).toMatch(
        /^\/\/ Generated from .* by `npm run generate`\. Do not edit\.\n/,
      );
    }
  });
});
