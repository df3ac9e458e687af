import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { keyOfState, stateKeyOf, statePatternOf } from '../../../../lib/stores/redis/key-names.js';

describe('the first Redis key of a lock key', () => {
  it('tells the lock key, whatever it is', () => {
    const key = fc.oneof(
      fc.string({ unit: 'grapheme', minLength: 1 }),
      fc.stringMatching(/^[{}:who]+$/, { maxLength: 8 }),
    );
    fc.assert(
      fc.property(key, (lockKey) => {
        fc.pre(!lockKey.includes('\0'));
        expect(keyOfState(stateKeyOf(lockKey))).toBe(lockKey);
      }),
    );
  });

  it.each(['{lock:a}:who', '{lock:a}:refused:1', '{}', 'lock:a', '{lock:a', 'x{a}', '{\0a}'])(
    'is not %j',
    (name) => {
      expect(keyOfState(name)).toBeUndefined();
    },
  );
});

describe('the pattern of a beginning', () => {
  it.each([
    ['', '{*}'],
    ['lock:', '{lock:*}'],
    ['a*?[b]^\\', '{a\\*\\?\\[b\\]\\^\\\\*}'],
    ['}a', '{\0}a*}'],
  ])('takes %j to the letter', (prefix, pattern) => {
    expect(statePatternOf(prefix)).toBe(pattern);
  });
});
