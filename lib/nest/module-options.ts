import type { InjectionToken, ModuleMetadata, Type } from '@nestjs/common';
import type { LockStore } from '../line/store.js';
import type { Clock } from '../util/clock.js';
import type { Duration } from '../util/duration.js';

/** What is decided beside the options, before any factory runs. */
export interface ModuleExtras {
  /** Whether every module may inject the LockService. Default true. Given beside the factory, not returned by it. */
  isGlobal?: boolean;
}

/** The settings of an application's locks. */
export interface DistributedLockModuleOptions {
  /**
   * Where locks live. Default: `memoryStore()`, with one warning at boot that it is not shared between processes; with
   * `NODE_ENV=production` that is a LockConfigError unless `memoryStore()` is written out.
   */
  store?: LockStore;
  /** More stores, by the name that the option `store` of a lock gives. */
  stores?: Record<string, LockStore>;
  /** Keeps the keys of applications on one server apart. Default `'lock'`. */
  namespace?: string;
  /** How long a request waits where it says nothing else. Default `'5s'`. Longer hides overload, shorter refuses sooner. */
  waitTime?: Duration;
  /**
   * The lease that is renewed every third of it where no `leaseTime` is given. Default `'10s'`. Shorter frees a crashed
   * holder's locks sooner, and loses those of a process that is blocked for longer than two thirds of it.
   */
  watchdogTimeout?: Duration;
  /** How long holders may finish when the application shuts down. Default `'5s'`. */
  shutdownTimeout?: Duration;
  /** A global exception filter that words LockErrors for the protocol: 423 with `Retry-After`, and so on. Default true. */
  exceptionFilter?: boolean;
  /** For tests: what waits, leases and renewals are counted on, such as a `manualClock()`. Default: the process's own. */
  clock?: Clock;
}

/** A provider that makes the options, for `useClass` and `useExisting`. */
export interface DistributedLockOptionsFactory {
  /** Called once, when the application boots. */
  createDistributedLockOptions(): DistributedLockModuleOptions | Promise<DistributedLockModuleOptions>;
}

/** Options that other providers are needed for: one of the three factories. */
export interface DistributedLockModuleAsyncOptions extends Pick<ModuleMetadata, 'imports'>, ModuleExtras {
  /** What `useFactory` is called with. */
  inject?: InjectionToken[];
  /** Makes the options from what `inject` names, in that order. */
  // Factories name the types of what they inject.
  // oxlint-disable-next-line typescript/no-explicit-any
  useFactory?: (...deps: any[]) => DistributedLockModuleOptions | Promise<DistributedLockModuleOptions>;
  /** A class that the module makes an instance of. */
  useClass?: Type<DistributedLockOptionsFactory>;
  /** A provider that exists already. */
  useExisting?: Type<DistributedLockOptionsFactory>;
}
