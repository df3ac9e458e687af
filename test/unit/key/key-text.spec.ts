import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { KeyText } from '../../../lib/key/key-text.js';

/** Texts made of what is likely to be mistaken for something else. */
const lookalike = fc.string({
  unit: fc.constantFrom(
    '%',
    ':',
    '#',
    '<',
    '>',
    '{',
    '}',
    '-',
    '/',
    '1',
    '2',
    '3',
    'A',
    'F',
    'a',
    'u',
    'x',
    ' ',
    '\0',
    '한',
    'é',
    '😀',
    '\ud83d',
    '\ude00',
    '\u200d',
  ),
  minLength: 1,
  maxLength: 6,
});
const anything = fc.string({ unit: 'binary', minLength: 1, maxLength: 8 });
const value = fc.oneof(lookalike, anything);
/** What stands between two values: nothing, what escapes are made of, or any text. */
const between = fc.oneof(
  fc.constantFrom('', ':', '-', '/', '1', '%', '%3A', 'A', 'a', 'u', 'x1', ' and ', '😀', '::', '%1-'),
  fc.string({ maxLength: 3 }),
);

describe('KeyText', () => {
  it('leaves ordinary values as they are', () => {
    expect(new KeyText(['vote:', '']).write(['7'])).toBe('vote:7');
    expect(new KeyText(['order:', ':', '']).write(['서울', 'b3f1-77@mail.example'])).toBe(
      'order:서울:b3f1-77@mail.example',
    );
  });

  it('escapes what separates', () => {
    const pair = new KeyText(['', ':', '']);
    expect(pair.write(['1:2', '3'])).toBe('1%3A2:3');
    expect(pair.write(['1', '2:3'])).toBe('1:2%3A3');
    expect(pair.write(['100%', 'a b'])).toBe('100%25:a%20b');
  });

  it('escapes the separator that a template chose, only where it separates', () => {
    expect(new KeyText(['', '-', '']).write(['1-2', '3'])).toBe('1%2D2-3');
    expect(new KeyText(['vote-', '']).write(['1-2'])).toBe('vote-1-2');
  });

  it('puts a separator where a template has none', () => {
    expect(new KeyText(['', '', '']).write(['1', '23'])).toBe('1:23');
    expect(new KeyText(['', '', '']).write(['12', '3'])).toBe('12:3');
    expect(new KeyText(['', '1', '']).write(['2', '3'])).toBe('2:13');
  });

  it('gives different keys to halves of surrogate pairs, which UTF-8 would merge', () => {
    const text = new KeyText(['k:', '']);
    const keys = ['\ud800', '\ud801', '\udc00', '\ufffd', '😀', '%uD800'].map((each) => text.write([each]));
    expect(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size).toBe(keys.length);
  });

  it('keeps white space and controls out of the key', () => {
    expect(new KeyText(['k:', '']).write(['a\0\n\u00a0\u2028'])).toBe('k:a%00%0A%C2%A0%E2%80%A8');
  });

  it('never gives one key to different values, whatever the template', () => {
    const tuples = fc
      .integer({ min: 1, max: 4 })
      .chain((count) =>
        fc.tuple(
          fc.array(between, { minLength: count + 1, maxLength: count + 1 }),
          fc.array(value, { minLength: count, maxLength: count }),
          fc.array(value, { minLength: count, maxLength: count }),
        ),
      );
    fc.assert(
      fc.property(tuples, ([texts, some, others]) => {
        const text = new KeyText(texts);
        const isSame = some.every((each, index) => each === others[index]);
        const bytes = (values: string[]): string => Buffer.from(text.write(values)).toString('hex');
        expect(bytes(some) === bytes(others)).toBe(isSame);
      }),
      { numRuns: 3_000 },
    );
  });

  it('never gives one key to values whose parts were moved over a separator', () => {
    const split = fc.tuple(fc.array(between, { minLength: 3, maxLength: 3 }), value, value, fc.nat());
    fc.assert(
      fc.property(split, ([texts, first, second, at]) => {
        // The same characters, with the text between the values inside them, cut elsewhere.
        const whole = first + texts[1] + second;
        const cut = 1 + (at % (whole.length - 1 || 1));
        const moved = [whole.slice(0, cut), whole.slice(cut).replace(texts[1]!, '') || 'x'];
        fc.pre(moved[0] !== first || moved[1] !== second);
        const text = new KeyText(texts);
        expect(text.write(moved)).not.toBe(text.write([first, second]));
      }),
      { numRuns: 3_000 },
    );
  });
});
