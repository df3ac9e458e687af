import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Global, Inject, Injectable, Module, type OnModuleInit, type Provider, Scope } from '@nestjs/common';
import { ContextIdFactory, ModuleRef, NestFactory } from '@nestjs/core';
import type { TestingModule } from '@nestjs/testing';
import {
  CurrentLock,
  DistributedLock,
  DistributedLockModule,
  LockClosedError,
  LockConfigError,
  type LockHandle,
  LockKeyError,
  LockLostError,
  LockService,
  LockTimeoutError,
  memoryStore,
} from 'nestjs-distributed-lock';
import { delay, lastValueFrom, NEVER, Observable, of, toArray } from 'rxjs';
import { deferred } from '../../lib/util/deferred.js';
import { until } from '../support/until.js';
import { LockLog } from './support/lock-log.js';
import { compile, LogLines } from './support/platforms.js';
import { Stage } from './support/stage.js';

const stage = new Stage();
let log: LockLog;
let lines: LogLines;
const opened: TestingModule[] = [];

beforeEach(() => {
  log = new LockLog();
  lines = new LogLines();
  stage.reset();
});
afterEach(async () => {
  log.stop();
  await Promise.all(opened.splice(0).map((module) => module.close()));
});

/** What a promise rejects with; it is looked at from the start, so that it never counts as unhandled. */
function settled(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => value,
    (error: unknown) => error,
  );
}

async function boot(...providers: Provider[]): Promise<TestingModule> {
  const imports = [DistributedLockModule.forRoot({ store: memoryStore() })];
  const module = await compile({ imports, providers }, lines);
  opened.push(module);
  return module.init();
}

@Injectable()
class Votes {
  readonly own = 'property';

  @DistributedLock('vote:#<userSeq>')
  async vote(userSeq: number, suffix = 'a),('): Promise<string> {
    await stage.play();
    return `${this.own} ${userSeq}${suffix.length}`;
  }

  async itself(userSeq: number): Promise<string> {
    return this.vote(userSeq);
  }

  viaPrivate(key: string): Promise<string> {
    return this.secret(key);
  }

  @DistributedLock('secret:#<key>')
  private async secret(key: string): Promise<string> {
    return key;
  }

  @DistributedLock('nested:#<n>')
  async outer(n: number): Promise<number> {
    return this.inner(n);
  }

  @DistributedLock('nested:#<0>')
  async inner(n: number): Promise<number> {
    return n * 2;
  }

  @DistributedLock(['from:#<from>', 'to:#<to>'])
  async move(from: string, to: string): Promise<string> {
    return from + to;
  }

  @DistributedLock('count:#<n>')
  async *count(n: number): AsyncGenerator<number, string, string | undefined> {
    for (let i = 0; i < n; i++) if ((yield i) === 'stop') return 'stopped';
    return 'done';
  }

  @DistributedLock('emit:#<n>')
  emit(n: number): Observable<number> {
    log.note('called');
    return of(n, n + 1).pipe(delay(1));
  }

  @DistributedLock('emit:#<n>')
  async emitLater(n: number): Promise<Observable<number>> {
    log.note('called');
    return of(n, n + 1);
  }

  @DistributedLock('never')
  never(): Observable<number> {
    return NEVER;
  }

  @DistributedLock('read')
  async read(): Promise<Readable> {
    return Readable.from(['a', 'b']);
  }

  @DistributedLock('iterate')
  async iterate(): Promise<AsyncIterable<number>> {
    return this.numbers();
  }

  @DistributedLock('hold')
  async handle(what: string, @CurrentLock() lock?: LockHandle): Promise<unknown> {
    await stage.play();
    return [what, lock?.key, lock?.isHeld];
  }

  @DistributedLock('hold')
  async fail(error: Error, @CurrentLock() lock?: LockHandle): Promise<unknown> {
    await until('it is lost', () => lock?.signal.aborted);
    throw error;
  }

  @DistributedLock('hold')
  async releaseByHand(@CurrentLock() lock?: LockHandle): Promise<string> {
    await lock?.release();
    return 'released';
  }

  private async *numbers(): AsyncGenerator<number> {
    yield 1;
    yield 2;
  }
}

@Injectable()
class Impatient {
  calls = 0;

  @DistributedLock('hold', { waitTime: 0 })
  async once(): Promise<string> {
    return 'got it';
  }

  @DistributedLock('hold', { whenBusy: 'skip' })
  async skip(): Promise<string> {
    return 'got it';
  }

  @DistributedLock('hold', {
    whenBusy(this: Impatient, name: string) {
      this.calls++;
      return `${name} later`;
    },
  })
  async instead(name: string): Promise<string> {
    return `${name} now`;
  }

  @DistributedLock('hold', { whenBusy: () => of('busy', 'still') })
  observe(): Observable<string> {
    return of('free');
  }

  @DistributedLock('hold', { whenBusy: 'skip' })
  async *iterate(): AsyncGenerator<string> {
    yield 'free';
  }

  @DistributedLock('other:#<n>', { whenBusy: () => 'not asked' })
  async inner(n: number, locks: LockService): Promise<unknown> {
    return locks.acquire('hold', { waitTime: 0 + n });
  }
}

describe('a decorated method of a service', () => {
  it('is locked however it is called', async () => {
    const votes = (await boot(Votes)).get(Votes);
    expect(await Promise.all([votes.vote(1), votes.vote(1, 'x'), votes.itself(1)])).toEqual([
      'property 14',
      'property 11',
      'property 14',
    ]);
    expect(stage.most).toBe(1);
    expect(log.count('granted vote:1')).toBe(3);
    expect(await votes.viaPrivate('x')).toBe('x');
    expect(log.entries.slice(-2)).toEqual(['granted secret:x', 'released secret:x']);
  });

  it('keeps its name and length, and nothing shows on the instance', async () => {
    const votes = (await boot(Votes)).get(Votes);
    expect([votes.vote.name, votes.vote.length]).toEqual(['vote', 1]);
    expect(Reflect.ownKeys(votes)).toEqual(['own']);
    expect(JSON.stringify(votes)).toBe('{"own":"property"}');
  });

  it('is named by its template in events, never by its key', async () => {
    await (await boot(Votes)).get(Votes).move('x', 'y');
    expect(log.templates).toEqual(['from:#<from> + to:#<to>']);
    expect(log.entries).toEqual(['granted from:x to:y', 'released from:x to:y']);
  });

  it('re-enters where the caller holds the key', async () => {
    expect(await (await boot(Votes)).get(Votes).outer(3)).toBe(6);
    expect(log.entries).toEqual(['granted nested:3', 'released nested:3']);
  });

  it('re-enters from withLock, and withLock from it', async () => {
    const module = await boot(Votes);
    await module.get(LockService).withLock('nested:1', () => module.get(Votes).outer(1));
    expect(log.entries).toEqual(['granted nested:1', 'released nested:1']);
  });

  it('refuses values that cannot be a key before it asks anybody', async () => {
    const votes = (await boot(Votes)).get(Votes);
    await expect(votes.vote(undefined as never)).rejects.toThrow(LockKeyError);
    await expect(votes.vote({} as never)).rejects.toThrow(
      '@DistributedLock on Votes.vote: #<userSeq> is an object (Object) in this call',
    );
    await expect(votes.move('a'.repeat(2000), 'b')).rejects.toThrow(LockKeyError);
    expect(log.entries).toEqual([]);
  });

  it('gets the hold as its last parameter', async () => {
    const votes = (await boot(Votes)).get(Votes);
    expect(await votes.handle('x')).toEqual(['x', 'hold', true]);
  });

  it('may release by hand: that is no loss', async () => {
    expect(await (await boot(Votes)).get(Votes).releaseByHand()).toBe('released');
  });

  it('rejects LockLostError where it ended well after a loss', async () => {
    const module = await boot(Votes);
    stage.shut();
    const lost = settled(module.get(Votes).handle('x'));
    await stage.hasEntered(1);
    await module.get(LockService).forceRelease('hold');
    await until('it is told', () => log.count('lost hold') === 1);
    stage.open();
    expect(await lost).toBeInstanceOf(LockLostError);
  });

  it('rejects with its own error where it failed after a loss', async () => {
    const module = await boot(Votes);
    const own = new RangeError('mine');
    const failed = settled(module.get(Votes).fail(own));
    await until('it holds', () => log.count('granted hold') === 1);
    await module.get(LockService).forceRelease('hold');
    expect(await failed).toBe(own);
  });

  it('can be spied on, on the instance and on the prototype', async () => {
    const votes = (await boot(Votes)).get(Votes);
    const onInstance = jest.spyOn(votes, 'vote');
    await votes.itself(4);
    expect(onInstance).toHaveBeenCalledWith(4);
    onInstance.mockResolvedValue('mocked');
    expect(await votes.itself(5)).toBe('mocked');
    onInstance.mockRestore();
    const onPrototype = jest.spyOn(Votes.prototype, 'vote');
    await votes.vote(6);
    expect(onPrototype).toHaveBeenCalledWith(6);
    onPrototype.mockRestore();
    expect(log.entries.filter((entry) => entry.startsWith('granted'))).toEqual([
      'granted vote:4',
      'granted vote:6',
    ]);
  });
});

describe('a result that is not done with the call', () => {
  it('an async generator is locked while it is iterated', async () => {
    const votes = (await boot(Votes)).get(Votes);
    const seen: number[] = [];
    const all = async (): Promise<void> => {
      for await (const n of votes.count(3)) seen.push(n);
    };
    await Promise.all([all(), all()]);
    expect(seen).toEqual([0, 1, 2, 0, 1, 2]);
    for await (const n of votes.count(9)) if (n === 1) break;
    expect(log.entries.slice(-2)).toEqual(['granted count:9', 'released count:9']);
  });

  it('an async generator is asked nothing before it is iterated, and takes what is sent to it', async () => {
    const votes = (await boot(Votes)).get(Votes);
    const generator = votes.count(2);
    expect(log.entries).toEqual([]);
    expect(await generator.next()).toEqual({ value: 0, done: false });
    expect(await generator.next('stop')).toEqual({ value: 'stopped', done: true });
    expect(log.entries).toEqual(['granted count:2', 'released count:2']);
  });

  it('an async generator ends with the loss of its lock', async () => {
    const module = await boot(Votes);
    const generator = module.get(Votes).count(9);
    await generator.next();
    await module.get(LockService).forceRelease('count:9');
    await until('it is told', () => log.count('lost count:9') === 1);
    await expect(generator.next()).rejects.toThrow(LockLostError);
  });

  it('an Observable stays one, and each subscription takes the lock', async () => {
    const votes = (await boot(Votes)).get(Votes);
    const observable = votes.emit(1);
    expect(observable).toBeInstanceOf(Observable);
    expect(log.entries).toEqual([]);
    expect(await lastValueFrom(observable.pipe(toArray()))).toEqual([1, 2]);
    expect(await lastValueFrom(observable.pipe(toArray()))).toEqual([1, 2]);
    const once = ['granted emit:1', 'called', 'released emit:1'];
    expect(log.entries).toEqual([...once, ...once]);
  });

  it('an Observable is freed by whoever unsubscribes, also while it waits', async () => {
    const module = await boot(Votes);
    const votes = module.get(Votes);
    const locks = module.get(LockService);
    const holding = votes.never().subscribe();
    await until('it is held', () => log.count('granted never') === 1);
    const waiting = votes.never().subscribe();
    holding.unsubscribe();
    waiting.unsubscribe();
    await until('it is free', async () => (await locks.inspect('never')).holders.length === 0);
    await using mine = await locks.tryAcquire('never');
    expect(mine?.isHeld).toBe(true);
  });

  it('an Observable in a promise has the hold of its call; a second subscription takes its own', async () => {
    const votes = (await boot(Votes)).get(Votes);
    const observable = await votes.emitLater(1);
    expect(log.entries).toEqual(['granted emit:1', 'called']);
    expect(await lastValueFrom(observable.pipe(toArray()))).toEqual([1, 2]);
    expect(await lastValueFrom(observable.pipe(toArray()))).toEqual([1, 2]);
    const once = ['granted emit:1', 'called', 'released emit:1'];
    expect(log.entries).toEqual([...once, ...once]);
  });

  it('a stream holds to its end, an iterable to its last step', async () => {
    const votes = (await boot(Votes)).get(Votes);
    const stream = await votes.read();
    expect(log.entries).toEqual(['granted read']);
    expect(await text(stream)).toBe('ab');
    await until('it is released', () => log.count('released read') === 1);
    const numbers: number[] = [];
    for await (const n of await votes.iterate()) numbers.push(n);
    expect(numbers).toEqual([1, 2]);
    expect(log.entries.slice(-2)).toEqual(['granted iterate', 'released iterate']);
  });
});

describe('where the lock is busy', () => {
  it('throws, skips, or calls the function in its place', async () => {
    const module = await boot(Impatient);
    const service = module.get(Impatient);
    await using _ = await module.get(LockService).acquire('hold');
    await expect(service.once()).rejects.toThrow(LockTimeoutError);
    expect(await service.skip()).toBeUndefined();
    expect(await service.instead('x')).toBe('x later');
    expect(service.calls).toBe(1);
    expect(await lastValueFrom(service.observe().pipe(toArray()))).toEqual(['busy', 'still']);
    for await (const each of service.iterate()) throw new Error(`ran: ${each}`);
    expect(log.count('granted hold')).toBe(1);
  });

  it('does as always once it is free', async () => {
    const service = (await boot(Impatient)).get(Impatient);
    expect([await service.once(), await service.skip(), await service.instead('x')]).toEqual([
      'got it',
      'got it',
      'x now',
    ]);
    expect(await lastValueFrom(service.observe())).toBe('free');
  });

  it('is only the end of the wait: what the body meets, a closed service and a bad key are errors', async () => {
    const module = await boot(Impatient, Votes);
    const service = module.get(Impatient);
    const locks = module.get(LockService);
    const holder = await locks.acquire('hold');
    expect(await settled(service.inner(0, locks))).toBeInstanceOf(LockTimeoutError);
    expect(await settled(service.inner(undefined as never, locks))).toBeInstanceOf(LockKeyError);
    await holder.release();
    await module.close();
    await expect(service.skip()).rejects.toThrow(LockClosedError);
  });
});

describe('how the instance came to be', () => {
  @Injectable({ scope: Scope.TRANSIENT })
  class Transient {
    @DistributedLock('transient')
    async go(): Promise<number> {
      return 1;
    }
  }
  @Injectable()
  class UsesTransient {
    constructor(@Inject(Transient) readonly transient: Transient) {}
  }
  @Injectable({ scope: Scope.REQUEST })
  class OfRequest {
    @DistributedLock('request')
    async go(): Promise<number> {
      return 1;
    }
  }
  @Injectable({ scope: Scope.REQUEST, durable: true })
  class Durable {
    @DistributedLock('durable')
    async go(): Promise<number> {
      return 1;
    }
  }
  class Plain {
    @DistributedLock('plain')
    async go(): Promise<number> {
      return 1;
    }
  }

  it('any scope is locked, and what moduleRef.create makes', async () => {
    const module = await boot(Transient, UsesTransient, OfRequest, Durable);
    await module.get(UsesTransient).transient.go();
    await (await module.resolve(Transient)).go();
    await (await module.resolve(OfRequest)).go();
    await (await module.resolve(Durable, ContextIdFactory.create())).go();
    await (await module.get(ModuleRef).create(Plain)).go();
    const granted = log.entries.filter((entry) => entry.startsWith('granted')).map((entry) => entry.slice(8));
    expect(granted).toEqual(['transient', 'transient', 'request', 'durable', 'plain']);
  });

  it('instances of useFactory and useValue are bound when the application boots', async () => {
    const value = new Plain();
    const module = await boot(
      { provide: Plain, useFactory: () => new Plain() },
      { provide: 'value', useValue: value },
    );
    await module.get(Plain).go();
    await value.go();
    expect(log.count('granted plain')).toBe(2);
  });

  it('an instance of useValue serves the application that booted last', async () => {
    const value = new Plain();
    const first = await boot({ provide: 'value', useValue: value });
    await first.close();
    await expect(value.go()).rejects.toThrow(LockClosedError);
    await boot({ provide: 'value', useValue: value });
    expect(await value.go()).toBe(1);
  });

  it('an instance that Nest made stays with its application, also as a value of another', async () => {
    const first = await boot(Votes);
    const votes = first.get(Votes);
    const second = await boot({ provide: Votes, useValue: votes });
    await second.close();
    expect(await votes.vote(7)).toBe('property 74');
  });

  it('an instance made by hand says what is missing', async () => {
    await boot(Plain);
    expect(await settled(new Plain().go())).toBeInstanceOf(LockConfigError);
    await expect(new Plain().go()).rejects.toThrow(
      '@DistributedLock on Plain.go: this instance has no lock service. Let Nest make it',
    );
  });

  it('a module without DistributedLockModule fails to boot, and is told what to import', async () => {
    await expect(compile({ providers: [Votes] })).rejects.toThrow(
      /resolve dependencies of the Votes[^]*import DistributedLockModule.forRoot\(\) in the root module/,
    );
  });

  it('two applications of one process keep their locks apart', async () => {
    const [one, other] = [await boot(Votes), await boot(Votes)];
    stage.shut();
    const both = [one.get(Votes).vote(1), other.get(Votes).vote(1)];
    await stage.hasEntered(2);
    stage.open();
    await Promise.all(both);
    await one.close();
    await expect(one.get(Votes).vote(1)).rejects.toThrow(LockClosedError);
    expect(await other.get(Votes).vote(1)).toBe('property 14');
  });

  it('locks work before the application is up, from any onModuleInit', async () => {
    const seen: string[] = [];
    @Injectable()
    class Early implements OnModuleInit {
      constructor(@Inject(Votes) private readonly votes: Votes) {}
      async onModuleInit(): Promise<void> {
        seen.push(await this.votes.vote(7));
      }
    }
    @Global()
    @Module({ providers: [Votes, Early], exports: [Votes] })
    class First {}
    @Module({ imports: [First, DistributedLockModule.forRoot({ store: memoryStore() })] })
    class App {}
    const app = await NestFactory.createApplicationContext(App, { logger: false });
    expect(seen).toEqual(['property 74']);
    expect(log.entries).toEqual(['granted vote:7', 'released vote:7']);
    await app.close();
  });
});

describe('inheritance', () => {
  abstract class Base {
    @DistributedLock('base:#<id>')
    async run(id: number): Promise<string> {
      return `base ${id}`;
    }
    @DistributedLock('template:#<id>')
    async template(id: number): Promise<string> {
      return this.step(id);
    }
    abstract step(id: number): Promise<string>;
  }
  @Injectable()
  class Inheriting extends Base {
    async step(id: number): Promise<string> {
      return `step ${id}`;
    }
  }
  @Injectable()
  class Overriding extends Base {
    @Inject('X') readonly x!: string;
    override async run(id: number): Promise<string> {
      return `${this.x} ${await super.run(id)}`;
    }
    async step(id: number): Promise<string> {
      return `step ${id}`;
    }
  }
  @Injectable()
  class Redecorating extends Base {
    @DistributedLock('base:#<id>')
    override async run(id: number): Promise<string> {
      return `again ${await super.run(id)}`;
    }
    @DistributedLock('own')
    async step(id: number): Promise<string> {
      return `own ${id}`;
    }
  }

  it('locks the inherited method, calls of super, and re-enters from an override with the same key', async () => {
    const module = await boot(Inheriting, Overriding, Redecorating, { provide: 'X', useValue: 'x' });
    expect(await module.get(Inheriting).run(1)).toBe('base 1');
    expect(await module.get(Inheriting).template(1)).toBe('step 1');
    expect(await module.get(Overriding).run(2)).toBe('x base 2');
    expect(await module.get(Redecorating).run(3)).toBe('again base 3');
    expect(await module.get(Redecorating).template(4)).toBe('own 4');
    expect(log.entries).toEqual(
      ['base:1', 'template:1', 'base:2', 'base:3']
        .flatMap((key) => [`granted ${key}`, `released ${key}`])
        .concat('granted template:4', 'granted own', 'released own', 'released template:4'),
    );
  });
});

describe('another decorator', () => {
  /** Puts a function of its own in the method's place, as those for transactions and traces do. */
  function Wrapping(copies: boolean): MethodDecorator {
    return ((_: object, __: string, descriptor: PropertyDescriptor) => {
      const original = descriptor.value as (...args: unknown[]) => Promise<unknown>;
      const wrapper = async function (this: unknown, ...args: unknown[]): Promise<unknown> {
        log.note('begin');
        const result = await original.apply(this, args);
        log.note('commit');
        return result;
      };
      if (copies) {
        for (const key of Reflect.getMetadataKeys(original) as unknown[]) {
          Reflect.defineMetadata(key, Reflect.getMetadata(key, original), wrapper);
        }
      }
      descriptor.value = wrapper;
    }) as MethodDecorator;
  }

  @Injectable()
  class Transactions {
    @DistributedLock('tx:#<userSeq>')
    @Wrapping(false)
    async below(userSeq: number, other = 1): Promise<number> {
      log.note('body');
      return userSeq + other;
    }
    @Wrapping(true)
    @DistributedLock('tx:#<userSeq>')
    async above(userSeq: number): Promise<number> {
      log.note('body');
      return userSeq;
    }
    @Wrapping(false)
    @DistributedLock('tx:#<userSeq>')
    async aboveWithoutMetadata(userSeq: number): Promise<number> {
      return userSeq;
    }
    @DistributedLock('outer')
    @DistributedLock('inner')
    async twice(): Promise<number> {
      return 1;
    }
    async undecorated(@CurrentLock() lock?: LockHandle): Promise<unknown> {
      return lock;
    }
  }

  it('below the lock commits before the release, and does not hide the names', async () => {
    expect(await (await boot(Transactions)).get(Transactions).below(1)).toBe(2);
    expect(log.entries).toEqual(['granted tx:1', 'begin', 'body', 'commit', 'released tx:1']);
  });

  it('above the lock is warned of at boot, as is a hold that nobody gives', async () => {
    const transactions = (await boot(Transactions)).get(Transactions);
    expect(await transactions.above(2)).toBe(2);
    expect(log.entries).toEqual(['begin', 'granted tx:2', 'body', 'released tx:2', 'commit']);
    const outside = 'another decorator runs outside the lock';
    expect(lines.at('warn').toSorted()).toEqual([
      expect.stringContaining(
        'warn @CurrentLock on Transactions.undecorated: the method has no @DistributedLock',
      ),
      expect.stringContaining(`warn @DistributedLock on Transactions.above: ${outside}`),
      expect.stringContaining(`warn @DistributedLock on Transactions.aboveWithoutMetadata: ${outside}`),
    ]);
  });

  it('of the same kind takes a second lock inside the first', async () => {
    expect(await (await boot(Transactions)).get(Transactions).twice()).toBe(1);
    expect(log.entries).toEqual(['granted outer', 'granted inner', 'released inner', 'released outer']);
  });
});

it('branches that hold nothing yet are two owners, and a call after the release is a stranger', async () => {
  const votes = (await boot(Votes)).get(Votes);
  const late = deferred<void>();
  let after: Promise<number> | undefined;
  await votes.vote(1).then(() => {
    after = late.promise.then(() => votes.inner(1));
  });
  late.resolve();
  await after;
  expect(log.count('granted nested:1')).toBe(1);
});
