// Compiled, never run: how the module may be configured, and what the compiler refuses.
import { Injectable, Module } from '@nestjs/common';
import {
  DistributedLockModule,
  type DistributedLockModuleOptions,
  type DistributedLockOptionsFactory,
  duration,
  type Duration,
  type LockStore,
  memoryStore,
} from 'nestjs-distributed-lock';

const store: LockStore = memoryStore();

@Injectable()
class LockConfig implements DistributedLockOptionsFactory {
  createDistributedLockOptions(): DistributedLockModuleOptions {
    return { namespace: 'shop', waitTime: '3s' };
  }
}

@Module({
  imports: [
    DistributedLockModule.forRoot(),
    DistributedLockModule.forRoot({ store, isGlobal: false }),
    DistributedLockModule.forRoot({
      store,
      stores: { orders: memoryStore() },
      namespace: 'shop',
      waitTime: Infinity,
      watchdogTimeout: '10s',
      shutdownTimeout: 5_000,
      exceptionFilter: false,
    }),
    DistributedLockModule.forRootAsync({ useFactory: () => ({ store }) }),
    DistributedLockModule.forRootAsync({
      imports: [],
      inject: [LockConfig],
      isGlobal: true,
      useFactory: async (config: LockConfig) => Promise.resolve(config.createDistributedLockOptions()),
    }),
    DistributedLockModule.forRootAsync({ useClass: LockConfig }),
    DistributedLockModule.forRootAsync({ useExisting: LockConfig }),
  ],
})
export class AppModule {}

export const durations: Duration[] = [250, '250ms', '3s', '5m', '1h', '1.5s', duration('3s')];

// @ts-expect-error a unit that does not exist
export const unknownUnit: Duration = '3d';
// @ts-expect-error a text without a unit
export const noUnit: Duration = '300';
// @ts-expect-error an option that does not exist
export const unknownOption = DistributedLockModule.forRoot({ prefix: 'shop' });
// @ts-expect-error a namespace is a text
export const badNamespace = DistributedLockModule.forRoot({ namespace: 7 });
// @ts-expect-error an object that is no store
export const badStore = DistributedLockModule.forRoot({ store: {} });
// @ts-expect-error a factory that makes something else
export const badFactory = DistributedLockModule.forRootAsync({ useFactory: () => 7 });
// @ts-expect-error a class that is no factory
export const badClass = DistributedLockModule.forRootAsync({ useClass: AppModule });
