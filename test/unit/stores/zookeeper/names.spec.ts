import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MODE_CAPACITY } from '../../../../lib/line/store.js';
import { folderOf, keyOfFolder, placeOf, prefixOf } from '../../../../lib/stores/zookeeper/names.js';
import { dataOf, textOf } from '../../../../lib/stores/zookeeper/node-text.js';
import { TokenOutOfReach, tokenOf } from '../../../../lib/stores/zookeeper/token.js';

const OWNER = '0123456789abcdef0123456789abcdef';

describe('the node of a key', () => {
  it.each([
    ['lock:vote:7', 'lock:vote:7'],
    ['a/b', 'a%2fb'],
    ['.', '%2e'],
    ['..', '%2e%2e'],
    ['a\0b', 'a%00b'],
    ['a b', 'a%20b'],
    ['%2e', '%252e'],
    ['é', '%c3%a9'],
    ['e\u0301', 'e%cc%81'],
    ['🔒', '%f0%9f%94%92'],
    ['zookeeper', 'zookeeper'],
  ])('is named in plain characters: %j', (key, name) => {
    expect(folderOf(key)).toBe(name);
  });

  it('has a name of its own, which ZooKeeper takes, whatever the key', () => {
    const key = fc.string({ unit: 'grapheme', minLength: 1 });
    fc.assert(
      fc.property(key, key, (a, b) => {
        expect(folderOf(a)).toMatch(/^[\x21-\x7e]+$/);
        expect(folderOf(a)).not.toMatch(/[/.]/);
        expect(decodeURIComponent(folderOf(a))).toBe(a);
        expect(keyOfFolder(folderOf(a))).toBe(a);
        expect(folderOf(a) === folderOf(b)).toBe(a === b);
      }),
    );
  });
});

describe('a node that is no key’s', () => {
  it.each(['', 'a%2', 'a%2F', '%61', 'a.b', 'é', '%ff'])('is not taken for one: %j', (name) => {
    expect(keyOfFolder(name)).toBeUndefined();
  });
});

describe('the node of a request', () => {
  it.each([
    [MODE_CAPACITY, MODE_CAPACITY, `1-${OWNER}-x-`],
    [MODE_CAPACITY, 1, `1-${OWNER}-s-`],
    [5, 2, `1-${OWNER}-2of5-`],
    [1, 1, `1-${OWNER}-1of1-`],
  ])('tells capacity %d and weight %d in its name', (capacity, weight, prefix) => {
    const claim = { owner: OWNER, capacity, weight };
    expect(prefixOf(claim)).toBe(prefix);
    const name = `${prefix}0000000042`;
    expect(placeOf(name)).toEqual({ ...claim, name, sequence: 42 });
  });

  it.each(['', 'x', `2-${OWNER}-x-0000000001`, `1-${OWNER}-x--2147483648`, `1-${OWNER}-x-1`])(
    'is not taken for one of ours: %j',
    (name) => {
      expect(placeOf(name)).toBeUndefined();
    },
  );

  it('tells how long it stands, and whether anybody has it', () => {
    for (const text of [
      { isKept: false, restMs: 10_000 },
      { isKept: true, restMs: 1 },
    ]) {
      expect(textOf(dataOf(text))).toEqual(text);
    }
    expect(dataOf({ isKept: false, restMs: 0.5 }).toString()).toBe('lease 1');
    expect(textOf(Buffer.from('something else'))).toEqual({ isKept: false, restMs: 0 });
  });
});

describe('a fencing token', () => {
  it('leaves a block of 64 to each transaction', () => {
    expect(tokenOf(1n)).toBe(64);
    expect(tokenOf(2n ** 32n + 7n)).toBe((2 ** 32 + 7) * 64);
  });

  it('is refused where its block does not fit below 2^53', () => {
    const last = 2n ** 47n - 2n;
    expect(tokenOf(last) + 63).toBeLessThanOrEqual(Number.MAX_SAFE_INTEGER);
    expect(() => tokenOf(last + 2n)).toThrow(TokenOutOfReach);
    expect(() => tokenOf(2n ** 62n)).toThrow(/0x4000000000000000 gives a fencing token above 2\^53/);
  });
});
