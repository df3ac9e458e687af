import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { encode } from '../../../../lib/stores/postgres/call.js';
import { functionName, quoted, withNames } from '../../../../lib/stores/postgres/names.js';
import { hostileKeys } from '../../../security/hostile-keys.js';

describe('the name of a table', () => {
  it('never ends its quotes', () => {
    const part = fc.string({ unit: fc.constantFrom('a', '`', '"', "'", '.', ';', '$&', ' '), minLength: 1 });
    fc.assert(
      fc.property(part, part, (schema, table) => {
        const names = [
          { schema, table },
          { schema: undefined, table },
        ].flatMap((name) => [
          quoted(name),
          quoted(functionName(name, 'acquire')),
          withNames('distributed_lock_exclusive', name),
        ]);
        for (const name of names) expect(name).toMatch(/^("([^"]|"")+"\.)?"([^"]|"")+"$/);
      }),
    );
  });
});

describe('keys as an argument', () => {
  it('are bytes in hexadecimal, alone and in an array: no quote, brace or comma of theirs is read', () => {
    fc.assert(
      fc.property(hostileKeys, (keys) => {
        expect(encode('bytea', keys[0]!)).toMatch(/^\\x([0-9a-f]{2})+$/);
        const array = encode('bytea[]', keys)!;
        expect(array).toMatch(/^\{("\\\\x([0-9a-f]{2})+"(,(?!\})|(?=\})))+\}$/);
        const read = [...array.matchAll(/x([0-9a-f]+)/g)].map(([, hex = '']) =>
          Buffer.from(hex, 'hex').toString(),
        );
        expect(read).toEqual(keys);
      }),
      { numRuns: 500 },
    );
  });
});
