import { beforeAll, describe, expect, it } from '@jest/globals';
import { type Complaint, lint, lintPlanted } from './oxlint.js';

interface Slip {
  readonly what: string;
  readonly rule: string;
  readonly text: string;
  /** Default lib/core. */
  readonly isTest?: boolean;
}

const SLIPS: readonly Slip[] = [
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
  { what: 'a file of 301 lines', rule: 'max-lines', text: `export const a = 1;${'\n// more'.repeat(300)}` },
  {
    what: 'a function of more than 40 lines',
    rule: 'max-lines-per-function',
    text: `export function a() {\n${'  void 1;\n'.repeat(40)}}`,
  },
  {
    what: 'a function of more than eight ways',
    rule: 'complexity',
    text: `export const a = (b: number) => ${'b === 1 ? 2 : '.repeat(8)}3;`,
  },
  { what: 'console', rule: 'no-console', text: 'console.log(1);' },
  { what: 'two files that import each other', rule: 'no-cycle', text: "export { b } from './other.js';" },
  {
    what: 'a test that is skipped',
    rule: 'no-disabled-tests',
    text: "it.skip('a', () => expect(1).toBe(1));",
    isTest: true,
  },
  {
    what: 'a test that is alone',
    rule: 'no-focused-tests',
    text: "it.only('a', () => expect(1).toBe(1));",
    isTest: true,
  },
  {
    what: 'a test that expects nothing',
    rule: 'expect-expect',
    text: "it('a', () => undefined);",
    isTest: true,
  },
];

const fileOf = ({ what, isTest = false }: Slip) => {
  const name = what.replaceAll(' ', '-');
  return isTest ? `test/unit/${name}.spec.ts` : `lib/core/${name}.ts`;
};
const CYCLE = SLIPS.find(({ rule }) => rule === 'no-cycle')!;

const LONG_TEST = `describe('a', () => {\n${"  it('b', () => { expect(1 + 1).toBe(2); });\n".repeat(60)}});`;
const ALLOWED: Readonly<Record<string, string>> = {
  'jest.config.js': 'export default {};',
  'test/unit/long.spec.ts': LONG_TEST.replace(/'b'/g, (_, index: number) => `'b${index}'`),
};

describe('the linter', () => {
  let found: readonly Complaint[];
  beforeAll(() => {
    found = lintPlanted({
      ...Object.fromEntries(SLIPS.map((slip) => [fileOf(slip), `${slip.text}\n`])),
      'lib/core/other.ts': `export * from './${CYCLE.what.replaceAll(' ', '-')}.js';\nexport const b = 1;\n`,
      ...Object.fromEntries(Object.entries(ALLOWED).map(([file, text]) => [file, `${text}\n`])),
    });
  });

  it.each(SLIPS)('refuses $what', (slip) => {
    const rules = found.filter(({ file }) => file === fileOf(slip)).map(({ rule }) => rule);
    expect(rules.join()).toContain(`(${slip.rule})`);
  });

  it('allows configuration files their default export, and tests their long bodies', () => {
    expect(found.filter(({ file }) => file in ALLOWED)).toEqual([]);
  });

  it('finds nothing to complain of in the project itself', () => {
    expect(lint(process.cwd())).toEqual([]);
  });
});
