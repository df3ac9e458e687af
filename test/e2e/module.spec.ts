import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type DynamicModule, Inject, Injectable, Module, type Type } from '@nestjs/common';
import type { TestingModule } from '@nestjs/testing';
import {
  DistributedLock,
  DistributedLockModule,
  type DistributedLockModuleOptions,
  type DistributedLockOptions,
  type DistributedLockOptionsFactory,
  LockConfigError,
  LockService,
  LockStoreError,
  type LockStore,
  LockUnsupportedError,
  memoryStore,
} from 'nestjs-distributed-lock';
import { compile, LogLines } from './support/platforms.js';

const opened: TestingModule[] = [];
let lines: LogLines;

beforeEach(() => {
  lines = new LogLines();
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((module) => module.close()));
});

async function boot(imports: (DynamicModule | Type)[], providers: Type[] = []): Promise<TestingModule> {
  const module = await compile({ imports, providers }, lines);
  await module.init();
  opened.push(module);
  return module;
}

async function refusalOf(boots: () => unknown): Promise<unknown> {
  try {
    await boots();
  } catch (error) {
    return error;
  }
  throw new Error('was not refused');
}

/** A store that counts its sessions. */
function counted(name: string): LockStore & { sessions: number } {
  const store = memoryStore();
  return {
    name,
    capabilities: store.capabilities,
    sessions: 0,
    async connect(context) {
      this.sessions++;
      return store.connect(context);
    },
  };
}

@Injectable()
class Votes {
  @DistributedLock('vote:#<userSeq>', { store: 'payments' })
  async pay(userSeq: number): Promise<number> {
    return userSeq;
  }
}

@Injectable()
class Settings implements DistributedLockOptionsFactory {
  readonly store = counted('settings');
  createDistributedLockOptions(): Promise<DistributedLockModuleOptions> {
    return Promise.resolve({ store: this.store });
  }
}

@Module({ providers: [Settings], exports: [Settings] })
class SettingsModule {}

describe('forRootAsync', () => {
  it('takes a factory with what it needs', async () => {
    const module = await boot([
      DistributedLockModule.forRootAsync({
        imports: [SettingsModule],
        inject: [Settings],
        useFactory: ({ store }: Settings) => ({ store }),
      }),
    ]);
    expect(await module.get(LockService).withLock('a', () => 1)).toBe(1);
    expect(module.get(Settings, { strict: false }).store.sessions).toBe(1);
  });

  it('takes a class that it makes an instance of', async () => {
    const module = await boot([DistributedLockModule.forRootAsync({ useClass: Settings })]);
    expect(module.get(Settings, { strict: false }).store.sessions).toBe(1);
  });

  it('takes a provider that exists already', async () => {
    const module = await boot([
      SettingsModule,
      DistributedLockModule.forRootAsync({ imports: [SettingsModule], useExisting: Settings }),
    ]);
    expect(module.get(Settings, { strict: false }).store.sessions).toBe(1);
  });

  it('fails to boot with what its factory throws', async () => {
    const own = new RangeError('no settings');
    const refusal = await refusalOf(() =>
      boot([DistributedLockModule.forRootAsync({ useFactory: () => Promise.reject(own) })]),
    );
    expect(refusal).toBe(own);
  });

  it.each([
    [{}, 'none of them is given; give one of useFactory, useClass, useExisting'],
    [{ useClass: Settings, useFactory: () => ({}) }, 'useFactory and useClass is given'],
    [{ useFactory: () => ({}), isGlobal: 'yes' }, 'Option "isGlobal" is "yes"; it must be true or false'],
    [{ useFactory: () => ({}), injects: [] }, 'there is no option "injects"'],
    [undefined, 'the options are undefined; they must be an object'],
  ])('refuses %p', async (options, message) => {
    const refusal = await refusalOf(() => DistributedLockModule.forRootAsync(options as never));
    expect(refusal).toBeInstanceOf(LockConfigError);
    expect(String(refusal)).toContain(message);
  });

  it('refuses an isGlobal that the factory returns: it would come too late', async () => {
    const refusal = await refusalOf(() =>
      boot([DistributedLockModule.forRootAsync({ useFactory: () => ({ isGlobal: false }) as object })]),
    );
    expect(refusal).toBeInstanceOf(LockConfigError);
    expect(String(refusal)).toContain('give it beside the factory');
  });
});

describe('isGlobal', () => {
  @Injectable()
  class Feature {
    constructor(@Inject(LockService) readonly locks: LockService) {}
  }
  @Module({ providers: [Feature] })
  class FeatureModule {}
  const store = memoryStore();

  it('is true: every module may inject the service', async () => {
    const module = await boot([DistributedLockModule.forRoot({ store }), FeatureModule]);
    expect(module.get(Feature, { strict: false }).locks).toBe(module.get(LockService));
  });

  it.each([
    DistributedLockModule.forRoot({ store, isGlobal: false }),
    DistributedLockModule.forRootAsync({ useFactory: () => ({ store }), isGlobal: false }),
  ])('false: only a module that imports it', async (dynamic) => {
    expect(String(await refusalOf(() => boot([dynamic, FeatureModule])))).toContain('LockService');
    @Module({ imports: [dynamic], providers: [Feature] })
    class Importing {}
    const module = await boot([Importing]);
    expect(module.get(Feature, { strict: false }).locks).toBeInstanceOf(LockService);
  });
});

describe('stores by name', () => {
  it('serve the locks that ask for them', async () => {
    const [main, payments] = [counted('main'), counted('payments')];
    const module = await boot(
      [DistributedLockModule.forRoot({ store: main, stores: { payments } })],
      [Votes],
    );
    const locks = module.get(LockService);
    await using _ = await locks.acquire('vote:7');
    expect(await module.get(Votes).pay(7)).toBe(7);
    await using other = await locks.acquire('vote:7', { store: 'payments' });
    expect((await locks.inspect('vote:7', { store: 'payments' })).holders[0]?.owner).toBe(other.owner);
    expect([main.sessions, payments.sessions]).toEqual([1, 1]);
  });

  it('are missed at boot where a decorator names one that is not there', async () => {
    const refusal = await refusalOf(() =>
      boot([DistributedLockModule.forRoot({ store: memoryStore() })], [Votes]),
    );
    expect(refusal).toBeInstanceOf(LockConfigError);
    expect(String(refusal)).toContain('@DistributedLock on Votes.pay: Option "store" is "payments"');
  });
});

describe('a second forRoot in one application', () => {
  it.each([
    [
      DistributedLockModule.forRoot({ store: memoryStore() }),
      DistributedLockModule.forRoot({ store: memoryStore() }),
    ],
    [
      DistributedLockModule.forRoot({ store: memoryStore() }),
      DistributedLockModule.forRootAsync({ useFactory: () => ({ store: memoryStore() }) }),
    ],
  ])('is refused and pointed to stores', async (first, second) => {
    @Module({ imports: [second] })
    class Feature {}
    const refusal = await refusalOf(() => boot([first, Feature]));
    expect(refusal).toBeInstanceOf(LockConfigError);
    expect(refusal).toMatchObject({ option: 'stores' });
  });

  it('is none where one module is imported twice, or another application has its own', async () => {
    const shared = DistributedLockModule.forRoot({ store: memoryStore() });
    @Module({ imports: [shared] })
    class Feature {}
    await boot([shared, Feature]);
    await boot([DistributedLockModule.forRoot({ store: memoryStore() })]);
    expect(opened).toHaveLength(2);
  });
});

describe('without a store', () => {
  const mode = process.env['NODE_ENV'];
  afterEach(() => {
    process.env['NODE_ENV'] = mode;
  });

  it('memory serves, with one warning', async () => {
    const module = await boot([DistributedLockModule.forRoot()]);
    expect(await module.get(LockService).withLock('a', () => 1)).toBe(1);
    expect(lines.at('warn')).toEqual([expect.stringContaining('locks live in memory and are not shared')]);
  });

  it('in production the application does not boot, unless memoryStore() is written out', async () => {
    process.env['NODE_ENV'] = 'production';
    const refusal = await refusalOf(() => boot([DistributedLockModule.forRoot()]));
    expect(refusal).toBeInstanceOf(LockConfigError);
    expect(refusal).toMatchObject({ option: 'store' });
    await boot([DistributedLockModule.forRoot({ store: memoryStore() })]);
    expect(lines.at('warn')).toEqual([]);
  });
});

describe('an option of the module that cannot work', () => {
  const store = memoryStore();
  it.each([
    [{ stroe: store }, 'stroe', 'there is no option "stroe"; there are store, stores, namespace'],
    [{ store: {} }, 'store', 'must be a LockStore'],
    [{ store: null }, 'store', 'must be a LockStore'],
    [
      { store: 'redis://localhost' },
      'store',
      'Option "store" is "redis://localhost"; it must be a LockStore',
    ],
    [{ store: Promise.resolve(store) }, 'store', 'await the promise in forRootAsync'],
    [{ store, stores: [] }, 'stores', 'must be an object of stores by name'],
    [{ store, stores: { payments: {} } }, 'stores.payments', 'Option "stores.payments" is'],
    [{ store, namespace: '' }, 'namespace', 'Option "namespace" is ""'],
    [{ store, namespace: 7 }, 'namespace', 'Option "namespace" is 7'],
    [{ store, waitTime: '-5s' }, 'waitTime', 'Option "waitTime" is "-5s"'],
    [{ store, waitTime: '5 s' }, 'waitTime', 'Option "waitTime" is "5 s"'],
    [{ store, waitTime: '1e3s' }, 'waitTime', 'Option "waitTime" is "1e3s"'],
    [{ store, waitTime: Number.NaN }, 'waitTime', 'Option "waitTime" is NaN'],
    [{ store, waitTime: Infinity }, 'waitTime', 'Option "waitTime" is Infinity'],
    [
      { store, watchdogTimeout: 10 },
      'watchdogTimeout',
      'Option "watchdogTimeout" is 10; it must be at least 50 ms',
    ],
    [{ store, watchdogTimeout: -1 }, 'watchdogTimeout', 'Option "watchdogTimeout" is -1'],
    [{ store, shutdownTimeout: '5' }, 'shutdownTimeout', 'Option "shutdownTimeout" is "5"'],
    [
      { store, exceptionFilter: 'no' },
      'exceptionFilter',
      'Option "exceptionFilter" is "no"; it must be true or false',
    ],
    [{ store, isGlobal: 1 }, 'isGlobal', 'Option "isGlobal" is 1; it must be true or false'],
    [null, 'options', 'the options are null; they must be an object'],
  ])('is refused at boot: %p', async (options, option, message) => {
    const refusal = await refusalOf(() => boot([DistributedLockModule.forRoot(options as never)]));
    expect(refusal).toBeInstanceOf(LockConfigError);
    expect(refusal).toMatchObject({ option });
    expect(String(refusal)).toContain(message);
  });
});

describe('an option of a decorator that cannot work', () => {
  const define = (options: DistributedLockOptions): Type => {
    @Injectable()
    class Votes {
      @DistributedLock('vote', options)
      async vote(): Promise<void> {}
    }
    return Votes;
  };

  it.each([
    [{ waitTime: '-5s' }, 'waitTime'],
    [{ waitTime: Number.NaN }, 'waitTime'],
    [{ leaseTime: 0 }, 'leaseTime'],
    [{ leaseTime: 49 }, 'leaseTime'],
    [{ leaseTime: Infinity }, 'leaseTime'],
    [{ leaseTime: 2 ** 53 }, 'leaseTime'],
    [{ minHoldTime: '2s', leaseTime: '1s' }, 'minHoldTime'],
    [{ mode: 'read' }, 'mode'],
    [{ permits: 0 }, 'permits'],
    [{ permits: 2, mode: 'shared' }, 'permits'],
    [{ permits: 2, weight: 3 }, 'weight'],
    [{ weight: 2 }, 'weight'],
    [{ fair: 'yes' }, 'fair'],
    [{ store: 'other' }, 'store'],
    [{ whenBusy: 'wait' }, 'whenBusy'],
    [{ holdUntil: 'sent' }, 'holdUntil'],
    [{ ttl: 5000 }, 'ttl'],
    [{ signal: new AbortController().signal }, 'signal'],
  ])('is refused at boot, naming the method: %p', async (options, option) => {
    const refusal = await refusalOf(() =>
      boot([DistributedLockModule.forRoot({ store: memoryStore() })], [define(options as never)]),
    );
    expect(refusal).toBeInstanceOf(LockConfigError);
    expect(refusal).toMatchObject({ option });
    expect(String(refusal)).toContain('@DistributedLock on Votes.vote: ');
  });

  it('is refused at boot where the store does not support it', async () => {
    const store = counted('plain');
    const capabilities = { ...store.capabilities, shared: false };
    const refusal = await refusalOf(() =>
      boot(
        [DistributedLockModule.forRoot({ store: { ...store, capabilities } })],
        [define({ mode: 'shared' })],
      ),
    );
    expect(refusal).toBeInstanceOf(LockUnsupportedError);
    expect(String(refusal)).toContain('@DistributedLock on Votes.vote: The store "plain" does not support');
  });
});

it('a store that is down at boot is a notice, not a crash; its locks are refused and the body never runs', async () => {
  let ran = false;
  @Injectable()
  class Votes {
    @DistributedLock('vote', { waitTime: '50ms', whenBusy: 'skip' })
    async vote(): Promise<void> {
      ran = true;
    }
  }
  const down: LockStore = {
    ...memoryStore(),
    name: 'down',
    connect: () =>
      Promise.reject(
        new LockStoreError('ECONNREFUSED', { store: 'down', operation: 'connect', isTransient: true }),
      ),
  };
  const module = await boot([DistributedLockModule.forRoot({ store: down })], [Votes]);
  expect(lines.at('error')).toEqual([expect.stringContaining('Lock store "down" cannot be used, and')]);
  expect(await refusalOf(() => module.get(Votes).vote())).toBeInstanceOf(LockStoreError);
  expect(ran).toBe(false);
});
