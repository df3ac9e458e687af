import { describe, expect, it } from '@jest/globals';
import { LockKeyError } from '../../../lib/errors.js';
import { compileKey } from '../../../lib/key/key-template.js';
import { lockKey } from '../../../lib/key/lock-key.js';

describe('lockKey', () => {
  it('makes the key that a template with the same text makes', () => {
    const parameters = { names: ['a', 'b'], count: 2, given: new Map(), requested: [] };
    const make = compileKey('vote:#<a>/#<b>', { where: 'X.y', parameters: () => parameters });
    expect(lockKey`vote:${'1/2'}/${'한 글'}`).toBe(make(['1/2', '한 글']));
  });

  it('takes texts, numbers, bigints, booleans and dates', () => {
    const date = new Date(Date.UTC(2026, 0, 2));
    expect(lockKey`k:${7}:${7n}:${true}:${date}`).toBe('k:7:7:true:2026-01-02T00%3A00%3A00.000Z');
  });

  it('is the text itself where there are no values', () => {
    expect(lockKey`nightly report`).toBe('nightly report');
  });

  it.each([[''], [Number.NaN], [Infinity], [new Date(Number.NaN)], [undefined], [null], [{}], [[1]]])(
    'refuses %p and names its place',
    (value) => {
      const make = (): string => lockKey`k:${1}:${value as string}`;
      expect(make).toThrow(LockKeyError);
      expect(make).toThrow(/^lockKey: value 2 is /);
    },
  );
});
