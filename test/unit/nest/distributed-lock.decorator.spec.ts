import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { Body, Controller, Param, UseInterceptors } from '@nestjs/common';
import {
  CurrentLock,
  DistributedLock,
  DistributedLockInterceptor,
  LockConfigError,
  LockError,
  LockKey,
  LockKeyError,
} from 'nestjs-distributed-lock';
import { INTERCEPTORS } from '../../../lib/nest/nest-metadata.js';

/** As plain JavaScript may use it, without the compiler's refusals. */
const anyhow = (key: unknown, options?: unknown): PropertyDecorator & MethodDecorator =>
  DistributedLock(key as string, options as object) as unknown as PropertyDecorator & MethodDecorator;

function refusalOf(define: () => unknown): LockError {
  try {
    define();
  } catch (error) {
    if (error instanceof LockError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

describe('refused when the class is defined', () => {
  it('a hole that names no parameter, with those there are', () => {
    const refusal = refusalOf(() => {
      class VoteService {
        @DistributedLock('vote:#<userSeq>')
        async vote(userId: number): Promise<number> {
          return userId;
        }
      }
      return VoteService;
    });
    expect(refusal).toBeInstanceOf(LockKeyError);
    expect(refusal.message).toBe(
      '@DistributedLock on VoteService.vote: no parameter "userSeq" for #<userSeq>; it has (userId).',
    );
  });

  it('an empty hole and one that is not closed', () => {
    for (const key of ['vote:#<>', 'vote:#<userSeq', '']) {
      const refusal = refusalOf(() => {
        class VoteService {
          @anyhow(key)
          async vote(userSeq: number): Promise<number> {
            return userSeq;
          }
        }
        return VoteService;
      });
      expect(refusal).toBeInstanceOf(LockKeyError);
      expect(refusal.message).toContain('@DistributedLock on VoteService.vote: ');
    }
  });

  it('a position without a parameter', () => {
    const refusal = refusalOf(() => {
      class VoteService {
        @DistributedLock('vote:#<1>')
        async vote(userSeq: number): Promise<number> {
          return userSeq;
        }
      }
      return VoteService;
    });
    expect(refusal.message).toContain('no parameter "1" for #<1>; it has (userSeq).');
  });

  it('a static method, a property, an accessor and a synchronous generator', () => {
    const places = [
      () => {
        class X {
          @anyhow('a')
          static async stat(): Promise<void> {}
        }
        return X;
      },
      () => {
        class X {
          @anyhow('a')
          property = async (): Promise<void> => undefined;
        }
        return X;
      },
      () => {
        class X {
          @anyhow('a')
          get accessor(): Promise<void> {
            return Promise.resolve();
          }
        }
        return X;
      },
      () => {
        class X {
          @anyhow('a')
          *generator(): Generator<number> {
            yield 1;
          }
        }
        return X;
      },
    ];
    const refusals = places.map(refusalOf);
    expect(refusals.every((refusal) => refusal instanceof LockConfigError)).toBe(true);
    expect(refusals.map(({ message }) => message)).toEqual([
      expect.stringContaining('@DistributedLock on X.stat: a static method'),
      expect.stringContaining('@DistributedLock on X.property: only a method can be locked'),
      expect.stringContaining('@DistributedLock on X.accessor: an accessor'),
      expect.stringContaining('@DistributedLock on X.generator: a synchronous generator'),
    ]);
  });

  it('options that are none, unknown or of another kind', () => {
    for (const options of [null, 5, [], { ttl: 1 }, { whenBusy: 'wait' }, { holdUntil: 'sent' }]) {
      const refusal = refusalOf(() => {
        class X {
          @anyhow('a', options)
          async vote(): Promise<void> {}
        }
        return X;
      });
      expect(refusal).toBeInstanceOf(LockConfigError);
      expect(refusal.message).toContain('@DistributedLock on X.vote: ');
    }
  });

  it('parameter decorators on a constructor, and an empty name', () => {
    const onConstructor = (decorator: ParameterDecorator) => () => decorator(class X {}, undefined, 0);
    expect(refusalOf(onConstructor(LockKey('a'))).message).toContain('@LockKey on the constructor of X');
    expect(refusalOf(onConstructor(CurrentLock())).message).toContain('@CurrentLock on the constructor of X');
    expect(refusalOf(() => LockKey('')({}, 'vote', 0)).message).toContain('the name is empty');
  });
});

describe('names in the key', () => {
  it('come from @LockKey, the source, or the request', () => {
    const define = (): unknown => {
      @Controller()
      class Votes {
        @DistributedLock('#<given>:#<plain>:#<asked>:#<0>')
        async vote(
          @LockKey('given') { a }: { a: number },
          plain: number,
          @Param('asked') { b }: { b: number },
        ): Promise<unknown> {
          return [a, plain, b];
        }
      }
      return Votes;
    };
    expect(define).not.toThrow();
  });

  it('are refused where the request gives one name to two parameters', () => {
    const refusal = refusalOf(() => {
      class Votes {
        @DistributedLock('#<id>')
        async vote(@Param('id') a: number, @Body('id') b: number): Promise<unknown> {
          return [a, b];
        }
      }
      return Votes;
    });
    expect(refusal.message).toContain('no parameter "id" for #<id>; it has (a, b, id).');
  });
});

describe('what stands in the place of the method', () => {
  const tag = Symbol('tag');
  function Tagging(): MethodDecorator {
    return (_, __, descriptor) => {
      const method = descriptor.value as unknown as object;
      Object.assign(method, { [tag]: 'mine' });
      Reflect.defineMetadata('mine', true, method);
    };
  }
  class First {}
  class Second {}
  const symbol = Symbol('vote');

  class Votes {
    @UseInterceptors(First as never)
    @DistributedLock('a')
    @UseInterceptors(Second as never)
    @Tagging()
    async vote(a: number, b: number): Promise<number> {
      return a + b;
    }

    @DistributedLock('a')
    @DistributedLock('b')
    async twice(): Promise<void> {}

    @DistributedLock('vote:#<a>')
    async [symbol](a: number): Promise<number> {
      return a;
    }
  }

  it('has its name, its length, its metadata and its properties', () => {
    const { vote } = Votes.prototype;
    expect([vote.name, vote.length]).toEqual(['vote', 2]);
    expect(Reflect.getMetadata('mine', vote)).toBe(true);
    expect((vote as unknown as Record<symbol, unknown>)[tag]).toBe('mine');
  });

  it('has the interceptor first, once, in any order of the decorators', () => {
    expect(Reflect.getMetadata(INTERCEPTORS, Votes.prototype.vote)).toEqual([
      DistributedLockInterceptor,
      Second,
      First,
    ]);
    expect(Reflect.getMetadata(INTERCEPTORS, Votes.prototype.twice)).toEqual([DistributedLockInterceptor]);
  });

  it('may have a symbol for a name', () => {
    expect(Votes.prototype[symbol].name).toBe('[vote]');
  });

  it('shows nothing on the class', () => {
    expect(Object.keys(Votes.prototype)).toEqual([]);
  });
});
