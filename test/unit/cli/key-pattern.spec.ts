import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { keyPattern } from '../../../lib/cli/key-pattern.js';

describe('a pattern', () => {
  it.each([
    ['*', '', undefined],
    ['vote:*', 'vote:', undefined],
    ['vote:?', 'vote:', undefined],
    ['vote:7', 'vote:7', 'vote:7'],
    ['a\\*b', 'a*b', 'a*b'],
    ['a\\*b*', 'a*b', undefined],
    ['a\\\\', 'a\\', 'a\\'],
    ['a\\', 'a\\', 'a\\'],
  ])('%j begins with %j', (text, beginning, exact) => {
    const { beginning: begins, exact: only } = keyPattern(text);
    expect([begins, only]).toEqual([beginning, exact]);
  });

  it.each([
    ['*', '', true],
    ['*', 'anything', true],
    ['a*c', 'abc', true],
    ['a*c', 'abcd', false],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'a-c-b', false],
    ['?', '🔒', true],
    ['?', '', false],
    ['\\?', '?', true],
    ['\\?', 'x', false],
    ['[a-z].+', 'abc', false],
    ['[a-z].+', '[a-z].+', true],
  ])('%j and %j: %j', (text, key, isFit) => {
    expect(keyPattern(text).fits(key)).toBe(isFit);
  });

  it('fits what the same regular expression fits', () => {
    const word = fc.stringMatching(/^[ab*?]{0,8}$/);
    fc.assert(
      fc.property(word, fc.stringMatching(/^[ab]{0,10}$/), (text, key) => {
        const model = new RegExp(`^${text.replaceAll('*', '.*').replaceAll('?', '.')}$`);
        expect(keyPattern(text).fits(key)).toBe(model.test(key));
      }),
    );
  });

  it('takes no longer for being hostile: work grows with its length times the key’s', () => {
    const { fits } = keyPattern(`${'*a'.repeat(100)}*b`);
    expect(fits('a'.repeat(1_000))).toBe(false);
  });
});
