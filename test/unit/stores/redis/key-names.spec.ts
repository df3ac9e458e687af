import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { stateKeyOf } from '../../../../lib/stores/redis/key-names.js';
import { hostileKeys } from '../../../security/hostile-keys.js';

/** What the scripts put behind the first name; `test/security/stores.spec.ts` sees on a server that there is no more. */
const SUFFIXES = ['', ':ends', ':who', ':line', ':called', ':asleep', `:refused:${'0'.repeat(32)}`];
const namesOf = (key: string): string[] => SUFFIXES.map((suffix) => stateKeyOf(key) + suffix);

/** What a server hashes of a name, by the rule of its documentation. */
const hashedOf = (name: string): string => {
  const from = name.indexOf('{');
  const to = name.indexOf('}', from + 1);
  return from >= 0 && to > from + 1 ? name.slice(from + 1, to) : name;
};

describe('the Redis keys of a lock', () => {
  it('are no other lock’s, whatever the two are called', () => {
    fc.assert(
      fc.property(hostileKeys, (keys) => {
        const names = keys.flatMap(namesOf);
        expect(new Set(names).size).toBe(names.length);
      }),
      { numRuns: 2_000 },
    );
  });

  it('lie in one slot, and within what the page of the store allows a user', () => {
    fc.assert(
      fc.property(hostileKeys, ([key = '']) => {
        expect(new Set(namesOf(key).map(hashedOf)).size).toBe(1);
        for (const name of namesOf(key)) expect(name.startsWith('{')).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
