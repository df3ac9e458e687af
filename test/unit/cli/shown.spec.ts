import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { columnsOf, shortened, shown, shownJson, shownLines } from '../../../lib/cli/shown.js';

/** What a terminal acts on or hides. */
const DANGEROUS = /[\p{Cc}\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\p{Cs}]/u;
/** Characters of two halves, which are whole. */
const PAIRS = /[\ud800-\udbff][\udc00-\udfff]/g;

describe('a text that is shown', () => {
  it.each([
    ['vote:7', 'vote:7'],
    ['Zoë 🔒 日本', 'Zoë 🔒 日本'],
    ['a\u001b[2Jb', 'a\\u{1b}[2Jb'],
    ['line\nline\r\t', 'line\\nline\\r\\t'],
    ['\u202egnp.exe', '\\u{202e}gnp.exe'],
    ['a\u200bb', 'a\\u{200b}b'],
    ['\ud800', '\\u{d800}'],
    ['back\\slash', 'back\\\\slash'],
    ['\u009b31m', '\\u{9b}31m'],
  ])('%j as %j', (text, expected) => {
    expect(shown(text)).toBe(expected);
  });

  it('has nothing in it that a terminal acts on, and tells different texts apart', () => {
    const text = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(shown(a).replaceAll(PAIRS, '')).not.toMatch(DANGEROUS);
        expect(shown(a) === shown(b)).toBe(a === b);
      }),
    );
  });

  it('is the same as JSON, which a program reads back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const json = shownJson({ text });
        expect(json.replaceAll(PAIRS, '')).not.toMatch(DANGEROUS);
        expect(JSON.parse(json)).toEqual({ text });
      }),
    );
  });

  it('keeps the lines of what we say ourselves, and nothing else', () => {
    expect(shownLines('one\ntwo \u001b[31m\r')).toBe('one\ntwo \\u{1b}[31m\\u{d}');
  });

  it('is shortened in the middle, by whole characters', () => {
    expect(shortened('short', 5)).toBe('short');
    expect(shortened('🔒'.repeat(9), 6)).toBe(`${'🔒'.repeat(3)}…${'🔒'.repeat(2)}`);
  });

  it.each([
    ['abc', 3],
    ['🔒', 2],
    ['日本', 4],
    ['e\u0301', 1],
    ['é', 1],
  ])('%j takes %d columns', (text, columns) => {
    expect(columnsOf(text)).toBe(columns);
  });
});
