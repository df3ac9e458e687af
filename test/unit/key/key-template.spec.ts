import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LockKeyError } from '../../../lib/errors.js';
import { compileKey, keyLabel, type KeySource } from '../../../lib/key/key-template.js';
import type { MethodParameters } from '../../../lib/key/method-parameters.js';

const WHERE = '@DistributedLock on VoteService.vote';

function parametersOf(
  names: readonly (string | undefined)[],
  more: Partial<MethodParameters> = {},
): MethodParameters {
  return { names, count: names.length, given: new Map(), requested: [], ...more };
}

function keyOf(
  source: KeySource,
  names: readonly (string | undefined)[],
  ...args: unknown[]
): string | readonly string[] {
  return compileKey(source, { where: WHERE, parameters: () => parametersOf(names) })(args);
}

function refusalOf(action: () => unknown): LockKeyError {
  try {
    action();
  } catch (error) {
    if (error instanceof LockKeyError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

describe('a key template', () => {
  it('names parameters, paths in them and positions', () => {
    expect(keyOf('vote:#<userSeq>', ['userSeq'], 7)).toBe('vote:7');
    expect(keyOf('shop:#<order.shop.id>', ['x', 'order'], 0, { shop: { id: 'a' } })).toBe('shop:a');
    expect(keyOf('vote:#<1>:#<0.id>', ['a', 'b'], { id: 1 }, 2)).toBe('vote:2:1');
    expect(keyOf('vote:#< a >', ['a'], 1)).toBe('vote:1');
  });

  it('may have no hole at all', () => {
    expect(keyOf('nightly report', [])).toBe('nightly report');
  });

  it('makes several keys from several templates', () => {
    expect(keyOf(['from:#<from>', 'to:#<to>'], ['from', 'to'], 1, 2)).toEqual(['from:1', 'to:2']);
  });

  it('takes texts, finite numbers, bigints, booleans and dates', () => {
    const date = new Date(Date.UTC(2026, 0, 2));
    const keys = ['a', 1.5, -0, 10n, false, date].map((value) => keyOf('k:#<v>', ['v'], value));
    expect(keys).toEqual(['k:a', 'k:1.5', 'k:0', 'k:10', 'k:false', 'k:2026-01-02T00%3A00%3A00.000Z']);
  });

  it('gives one key to values that read the same: 7 of a pipe is "7" of a path', () => {
    const date = new Date(0);
    expect(keyOf('k:#<v>', ['v'], '7')).toBe(keyOf('k:#<v>', ['v'], 7));
    expect(keyOf('k:#<v>', ['v'], date)).toBe(keyOf('k:#<v>', ['v'], date.toJSON()));
  });

  it('never gives one key to different arguments', () => {
    const argument = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1 }),
      fc.string({ unit: fc.constantFrom(':', '%', '1', '2', '#', '<'), minLength: 1, maxLength: 4 }),
      fc.integer(),
      fc.bigInt(),
      fc.boolean(),
    );
    const pair = fc.tuple(argument, argument);
    fc.assert(
      fc.property(pair, pair, fc.constantFrom(':', '', '-', '1'), (some, others, separator) => {
        const make = (args: unknown[]): unknown => keyOf(`k:#<a>${separator}#<b>`, ['a', 'b'], ...args);
        const isSame = some.every((each, index) => String(each) === String(others[index]));
        expect(make(some) === make(others)).toBe(isSame);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    ['', 'an empty string'],
    [Number.NaN, 'NaN'],
    [Infinity, 'Infinity'],
    [new Date(Number.NaN), 'an invalid Date'],
    [{}, 'an object (Object)'],
    [new Map(), 'an object (Map)'],
    [Object.create(null), 'an object (Object)'],
    [[1], 'an array'],
    [Symbol('s'), 'Symbol(s)'],
    [(): void => undefined, 'a function'],
  ])('refuses %p, naming class, method, hole and value', (value, shown) => {
    const refusal = refusalOf(() => keyOf('k:#<a.b>', ['a'], { b: value }));
    expect(refusal.message).toBe(
      `${WHERE}: #<a.b> is ${shown} in this call; it must be a non-empty string, a finite number, a bigint, a boolean or a valid Date.`,
    );
    expect(refusal.publicMessage).toBe('The request has no usable value for its lock.');
  });

  it('refuses a path through nothing', () => {
    expect(refusalOf(() => keyOf('k:#<a.b.c>', ['a'], undefined)).message).toContain('#<a.b.c> is undefined');
    expect(refusalOf(() => keyOf('k:#<a.b.c>', ['a'], { b: null })).message).toContain(
      '#<a.b.c> is undefined',
    );
  });
});

describe('a template that cannot work', () => {
  const compile = (source: unknown, parameters: MethodParameters): string =>
    refusalOf(() => compileKey(source as KeySource, { where: WHERE, parameters: () => parameters })).message;

  it('is refused with the parameters there are', () => {
    expect(compile('vote:#<userSeq>', parametersOf(['userId']))).toBe(
      '@DistributedLock on VoteService.vote: no parameter "userSeq" for #<userSeq>; it has (userId).',
    );
    expect(compile('#<x>', parametersOf([undefined, '...rest'], { given: new Map([['seq', 0]]) }))).toContain(
      'it has ({…}, ...rest, seq).',
    );
    expect(compile('#<x>', parametersOf([]))).toContain('it has ().');
  });

  it('is refused where a position has no parameter', () => {
    expect(compile('#<2>', parametersOf(['a', 'b']))).toContain('no parameter "2" for #<2>; it has (a, b).');
  });

  it('is refused where the request names two parameters alike', () => {
    const requested = [
      { name: 'id', index: 0 },
      { name: 'id', index: 1 },
    ];
    expect(compile('#<id>', parametersOf([undefined, undefined], { requested }))).toContain(
      'no parameter "id"',
    );
  });

  it.each([
    ['vote:#<>', '#<> names no parameter'],
    ['vote:#< >', '#< > names no parameter'],
    ['vote:#<.a>', '#<.a> names no parameter'],
    ['vote:#<a..b>', '#<a..b> names no parameter'],
    ['vote:#<a.>', '#<a.> names no parameter'],
    ['vote:#<a', '"#<" is not closed in "vote:#<a"'],
    ['vote:#<a#<a>', '"#<" is not closed'],
    ['', 'a template is an empty text'],
    [[], 'the key must be a template, a list of templates or a function'],
    [undefined, 'the key must be a template, a list of templates or a function'],
    [[''], 'a template is an empty text'],
    [[7], 'a template is an empty text'],
    ['a\0b', 'a template holds a NUL'],
    ['a\ud800', 'half a surrogate pair'],
  ])('is refused: %p', (source, reason) => {
    expect(compile(source, parametersOf(['a']))).toContain(reason);
  });
});

describe('a hole names a parameter', () => {
  const given = new Map([
    ['both', 2],
    ['0', 1],
  ]);
  const requested = [
    { name: 'both', index: 0 },
    { name: 'inSource', index: 0 },
    { name: 'asked', index: 0 },
  ];
  const parameters = parametersOf([undefined, 'inSource', 'both'], { given, requested });
  const key = (template: string): unknown =>
    compileKey(template, { where: WHERE, parameters: () => parameters })(['at0', 'at1', 'at2']);

  it('by @LockKey before the position, the position before the source, the source before the request', () => {
    expect(key('#<both>')).toBe('at2');
    expect(key('#<0>')).toBe('at1');
    expect(key('#<1>')).toBe('at1');
    expect(key('#<inSource>')).toBe('at1');
    expect(key('#<asked>')).toBe('at0');
  });
});

describe('a key function', () => {
  it('gets the arguments and returns keys as they are', () => {
    expect(keyOf(((a: number, b: string) => `${b}:${a}`) as KeySource, [], 1, 'x:y')).toBe('x:y:1');
    expect(keyOf((() => ['a', 'b']) as KeySource, [])).toEqual(['a', 'b']);
  });

  it.each([
    [undefined, 'undefined'],
    ['', 'an empty string'],
    [[], '[]'],
    [['a', ''], '["a", an empty string]'],
    [7, '7'],
    [Promise.resolve('a'), 'an object (Promise)'],
  ])('is refused when it returns %p', (made, shown) => {
    expect(refusalOf(() => keyOf((() => made) as KeySource, [])).message).toBe(
      `${WHERE}: the key function returned ${shown}; it must return a non-empty string, or several.`,
    );
  });

  it('fails with its own error', () => {
    const own = new RangeError('mine');
    const make = (): never => {
      throw own;
    };
    expect(() => keyOf(make, [])).toThrow(own);
  });
});

it('a key is labelled by its template, whatever the values are', () => {
  expect(keyLabel('vote:#<a>', 'V.vote')).toBe('vote:#<a>');
  expect(keyLabel(['a', 'b:#<x>'], 'V.vote')).toBe('a + b:#<x>');
  expect(keyLabel(() => 'x', 'V.vote')).toBe('V.vote()');
});
