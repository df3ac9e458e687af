import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { lockKeys, namespacePrefix } from '../../../lib/line/lock-keys.js';
import { LockConfigError, LockKeyError } from '../../../lib/errors.js';

const BAD: [what: string, key: unknown, why: RegExp][] = [
  ['an empty text', '', /is empty/],
  ['a NUL', 'a\0b', /NUL/],
  ['a lone high surrogate', 'a\uD800', /lone surrogate/],
  ['a lone low surrogate', '\uDC00a', /lone surrogate/],
  ['more than 1 KiB', 'k'.repeat(1_025), /longer than 1024 bytes/],
  ['more than 1 KiB in UTF-8', 'ä'.repeat(513), /longer than 1024 bytes/],
  ['a number', 5, /is no string/],
  ['nothing', undefined, /is no string/],
  ['null', null, /is no string/],
  ['an object', { toString: () => 'a' }, /is no string/],
];

describe('a key', () => {
  it.each(BAD)('that is %s is refused, alone or among others', (_, key, why) => {
    for (const keys of [key, [key], ['good', key]]) {
      expect(() => lockKeys(keys as string[])).toThrow(LockKeyError);
    }
    expect(() => lockKeys(['good', key] as string[])).toThrow(why);
  });

  it('is any other text', () => {
    const good = [
      'a',
      ' ',
      'vote:7',
      '💥',
      'ä'.repeat(512),
      'k'.repeat(1_024),
      '{a}',
      'a\nb',
      '%',
      '\u{10FFFF}',
    ];
    for (const key of good) expect(lockKeys(key)).toEqual([key]);
  });

  it('is refused with no more of it than a log line needs', () => {
    expect(() => lockKeys('k'.repeat(100_000))).toThrow(/^.{0,200}$/);
  });

  it('must be there', () => {
    for (const keys of [[], undefined, null, 5, {}]) {
      expect(() => lockKeys(keys as unknown as string[])).toThrow(LockKeyError);
    }
  });
});

describe('several keys', () => {
  it('are each there once', () => {
    expect(lockKeys(['a', 'b', 'a', 'a'])).toEqual(['a', 'b']);
  });

  it('are sorted bytewise, as UTF-8, not by UTF-16 units', () => {
    // U+FF5E comes before U+1F600 in bytes and after it in units.
    expect(lockKeys(['\u{1F600}', '\uFF5E', 'b', 'B', 'ä', 'a'])).toEqual([
      'B',
      'a',
      'b',
      'ä',
      '\uFF5E',
      '\u{1F600}',
    ]);
  });

  it('come in the same order however they were given', () => {
    const key = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 8 })
      .filter((text) => !text.includes('\0'));
    fc.assert(
      fc.property(fc.array(key, { minLength: 1, maxLength: 6 }), (keys) => {
        const bytes = lockKeys(keys).map((one) => Buffer.from(one));
        for (let index = 1; index < bytes.length; index++) {
          expect(Buffer.compare(bytes[index - 1]!, bytes[index]!)).toBe(-1);
        }
        expect(lockKeys(keys.toReversed())).toEqual(lockKeys(keys));
        expect(new Set(lockKeys(keys))).toEqual(new Set(keys));
      }),
    );
  });

  it('are not changed where they were given', () => {
    const given = Object.freeze(['b', 'a']);
    expect(lockKeys(given)).toEqual(['a', 'b']);
    expect(given).toEqual(['b', 'a']);
  });
});

describe('a namespace', () => {
  it.each([['', 'lock\0', '\uD800', 'n'.repeat(1_025), 5, undefined, null]].flat())(
    'cannot be %j',
    (namespace) => {
      expect(() => namespacePrefix(namespace as string)).toThrow(LockConfigError);
      expect(() => namespacePrefix(namespace as string)).toThrow(/Option "namespace"/);
    },
  );

  it('never lets a key reach into another: two pairs that differ make two store keys', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', 'b', ':', '%', '{', '}', '3'),
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(fc.tuple(text, text), fc.tuple(text, text), ([space, key], [otherSpace, otherKey]) => {
        const isSame = space === otherSpace && key === otherKey;
        expect(namespacePrefix(space) + key === namespacePrefix(otherSpace) + otherKey).toBe(isSame);
      }),
      { numRuns: 5_000 },
    );
  });

  it('holds no brace and one separator, so that it can stand before a hash tag', () => {
    expect(namespacePrefix('a:b{c}%')).toBe('a%3ab%7bc%7d%25:');
  });
});
