import { describe, expect, it } from '@jest/globals';
import { namesFromClassSource } from '../../../lib/key/class-source.js';
import { parameterCount } from '../../../lib/key/method-parameters.js';
import { type AnyFunction, parameterNames } from '../../../lib/key/parameter-names.js';
import { scanParameters } from '../../../lib/key/parameter-scanner.js';

interface Shape {
  userSeq?: number;
  b?: { c: string };
}

class Methods {
  plain(userSeq: number, name: string): unknown {
    return [userSeq, name];
  }
  async later(userSeq: number, dto: object): Promise<unknown> {
    return [userSeq, dto];
  }
  defaults(userSeq = 1, text = 'a),(b', template = `x${[1, 2].map((q) => `${q})`).join(',')}\`y`): unknown {
    return [userSeq, text, template];
  }
  defaultObjects(options = { a: 1, b: [2, 3] }, make = (z: number, y = 2): number => z + y): unknown {
    return [options, make];
  }
  regex(userSeq = /[),(/]\/"'/g, other = 4 / 2, last = 8 / other / 2): unknown {
    return [userSeq, other, last];
  }
  nestedRegex(
    find = (): RegExp => {
      return /[(,'"`]/;
    },
    last = 1,
  ): unknown {
    return [find, last];
  }
  destructured({ userSeq, b: { c } = { c: ',)' } }: Shape, [d, , e]: number[], last: string): unknown {
    return [userSeq, c, d, e, last];
  }
  rest(first: string, ...others: number[]): unknown {
    return [first, others];
  }
  commented(
    /* , a ) */ userSeq: number, // ) trailing
    other: string /* = ( */,
  ): unknown {
    return [userSeq, other];
  }
  *generator(userSeq: number, n: number): unknown {
    yield userSeq + n;
  }
  async *asyncGenerator(userSeq: number, n: number): unknown {
    yield userSeq + n;
  }
  ['computed-name)('](userSeq: number, x: string): unknown {
    return [userSeq, x];
  }
  'quoted (name'(userSeq: number): unknown {
    return userSeq;
  }
  get(get: number, async: string): unknown {
    return [get, async];
  }
  async static(of: number, $dollar_ünï: string): Promise<unknown> {
    return [of, $dollar_ünï];
  }
  none(): unknown {
    return 1;
  }
  #hidden = (a: number): number => a;
  useHidden(value: number): number {
    return this.#hidden(value);
  }
}

const expected: Record<string, (string | undefined)[]> = {
  plain: ['userSeq', 'name'],
  later: ['userSeq', 'dto'],
  defaults: ['userSeq', 'text', 'template'],
  defaultObjects: ['options', 'make'],
  regex: ['userSeq', 'other', 'last'],
  nestedRegex: ['find', 'last'],
  destructured: [undefined, undefined, 'last'],
  rest: ['first', '...others'],
  commented: ['userSeq', 'other'],
  generator: ['userSeq', 'n'],
  asyncGenerator: ['userSeq', 'n'],
  'computed-name)(': ['userSeq', 'x'],
  'quoted (name': ['userSeq'],
  get: ['get', 'async'],
  static: ['of', '$dollar_ünï'],
  none: [],
  useHidden: ['value'],
};

describe.each(Object.keys(expected))('the parameters of %s', (name) => {
  it('are read from its own source', () => {
    const method = (Methods.prototype as unknown as Record<string, AnyFunction>)[name]!;
    expect(scanParameters(Function.prototype.toString.call(method))).toEqual(expected[name]);
    expect(parameterNames(Methods.prototype, name, method)).toEqual(expected[name]);
  });

  it.each([
    [
      'a function that uses `arguments`',
      function replaced(): unknown {
        return arguments;
      },
    ],
    ['a function with names of its own', (self: unknown, call: unknown): unknown => [self, call]],
    ['a proxy', new Proxy((): void => undefined, {})],
    ['a bound function', ((): void => undefined).bind(null)],
  ])('are read from the class where %s took its place', (_, replacement) => {
    expect(parameterNames(Methods.prototype, name, replacement as AnyFunction)).toEqual(expected[name]);
  });
});

describe('names that the class does not show', () => {
  it('are those of the function in the place of the method', () => {
    const prototype = { constructor: function Old(): void {} };
    expect(parameterNames(prototype, 'vote', (userSeq: number) => userSeq)).toEqual(['userSeq']);
    expect(parameterNames(Methods.prototype, Symbol('s'), (userSeq: number) => userSeq)).toEqual(['userSeq']);
    expect(parameterNames(Methods.prototype, 'unknown', (a: number) => a)).toEqual(['a']);
  });

  it('are none for native code and for an arrow without brackets', () => {
    expect(scanParameters('function () { [native code] }')).toEqual([]);
    expect(scanParameters('args => call(args, 1)')).toEqual([]);
    expect(scanParameters('')).toEqual([]);
  });

  it('are unknown where the class has a syntax that the parser does not know', () => {
    expect(namesFromClassSource('class { vote(a) {} }', 'vote')).toEqual(['a']);
    expect(namesFromClassSource('class { vote(a) {} §§§ }', 'vote')).toBeUndefined();
  });
});

it('names that a compiler wrote as escapes are decoded', () => {
  expect(scanParameters('a(\\u0061\\u{62}, c){}')).toEqual(['ab', 'c']);
});

it('a source that ends too early ends the reading', () => {
  for (const source of ['a(b', 'a(b, "', 'a(b = [', 'a(`${', 'a(/*', 'a(b,']) {
    expect(scanParameters(source).length).toBeLessThan(3);
  }
});

describe('the number of parameters', () => {
  it('counts those that a minifier dropped from the source but the compiler wrote down', () => {
    expect(parameterCount(['a'], 2)).toBe(2);
    expect(parameterCount(['a', 'b'], 0)).toBe(2);
  });

  it('is open where there is a rest, or nothing is known', () => {
    expect(parameterCount(['a', '...rest'], 2)).toBe(Infinity);
    expect(parameterCount([], 0)).toBe(Infinity);
  });
});
