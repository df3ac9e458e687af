import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { idOf, procedureName, quoted, withNames } from '../../../../lib/stores/mysql/names.js';
import { hostileKeys } from '../../../security/hostile-keys.js';

const longKey = fc
  .tuple(fc.integer({ min: 500, max: 1_024 }), fc.constantFrom('a', 'b'))
  .map(([length, last]) => `${'k'.repeat(length - 1)}${last}`);

describe('the name of a key in its row', () => {
  it('is no other key’s, and fits into the column', () => {
    fc.assert(
      fc.property(hostileKeys, fc.uniqueArray(longKey, { maxLength: 5 }), (short, long) => {
        const ids = [...short, ...long].map(idOf);
        expect(new Set(ids.map((id) => id.toString('hex'))).size).toBe(ids.length);
        for (const id of ids) expect(id.length).toBeLessThanOrEqual(512);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('the name of a table', () => {
  it('never ends its quotes', () => {
    const part = fc.string({ unit: fc.constantFrom('a', '`', '"', "'", '.', ';', '$&', ' '), minLength: 1 });
    fc.assert(
      fc.property(part, part, (database, table) => {
        const names = [
          { database, table },
          { database: undefined, table },
        ].flatMap((name) => [
          quoted(name),
          quoted(procedureName(name, 'acquire')),
          withNames('distributed_lock_exclusive', name),
        ]);
        for (const name of names) expect(name).toMatch(/^(`([^`]|``)+`\.)?`([^`]|``)+`$/);
      }),
    );
  });
});
