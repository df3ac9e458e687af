import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import type { LockRuntime } from '../core/lock-runtime.js';
import { VERSION } from '../util/version.js';
import { LockExplorer } from './lock-explorer.js';
import type { ModuleSettings } from './module-settings.js';
import { LOCK_RUNTIME, MODULE_SETTINGS } from './tokens.js';

/**
 * Ties the lock service to the application's life. Nest stops listening between the two phases of a shutdown, and waits
 * for requests under way: those still need their locks, and waiters must not keep it waiting.
 *
 *   init ──► checks, connects      before shutdown ──► no new locks      on shutdown ──► releases, closes
 */
@Injectable()
export class LockLifecycle implements OnModuleInit, BeforeApplicationShutdown, OnApplicationShutdown {
  constructor(
    @Inject(LOCK_RUNTIME) private readonly runtime: LockRuntime,
    @Inject(MODULE_SETTINGS) private readonly settings: ModuleSettings,
    @Inject(LockExplorer) private readonly explorer: LockExplorer,
  ) {}

  /** @throws LockConfigError, LockUnsupportedError where a store or a decorator cannot work */
  async onModuleInit(): Promise<void> {
    const logger = new Logger('DistributedLock');
    logger.log(bootLine(this.settings));
    if (this.settings.isStoreByDefault) {
      logger.warn(
        'No store is given: locks live in memory and are not shared between processes. Give DistributedLockModule a store, or write memoryStore() if that is meant.',
      );
    }
    this.explorer.explore();
    await this.runtime.start();
  }

  beforeApplicationShutdown(): void {
    this.runtime.drain();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.runtime.shutdown();
  }
}

function bootLine({ store, stores, namespace }: ModuleSettings): string {
  const others = Object.entries(stores).map(([name, each]) => `, those of "${name}" in "${each.name}"`);
  return `nestjs-distributed-lock ${VERSION}: locks live in the store "${store.name}"${others.join('')}, namespace "${namespace}".`;
}
