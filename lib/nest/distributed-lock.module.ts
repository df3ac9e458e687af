import { ConfigurableModuleBuilder, type DynamicModule, Logger, Module } from '@nestjs/common';
import { APP_FILTER, DiscoveryModule, HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { LockRuntime } from '../core/lock-runtime.js';
import { LockService } from '../core/lock.service.js';
import { LockConfigError } from '../errors.js';
import { LockExceptionFilter } from './lock-exception.filter.js';
import { LockExplorer } from './lock-explorer.js';
import { AttachedLockFilter, LockFilterAttachment } from './lock-filter-attachment.js';
import { LockLifecycle } from './lock-lifecycle.js';
import type {
  DistributedLockModuleAsyncOptions,
  DistributedLockModuleOptions,
  ModuleExtras,
} from './module-options.js';
import { checkAsyncOptions, type ModuleSettings, readFlag, readSettings } from './module-settings.js';
import { requireObject } from './option-names.js';
import { DISTRIBUTED_LOCK_OPTIONS, LOCK_RUNTIME, MODULE_SETTINGS } from './tokens.js';

const { ConfigurableModuleClass } = new ConfigurableModuleBuilder<DistributedLockModuleOptions>({
  optionsInjectionToken: DISTRIBUTED_LOCK_OPTIONS,
})
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createDistributedLockOptions')
  .setExtras<ModuleExtras>({ isGlobal: true }, (definition, { isGlobal }) => ({
    ...definition,
    global: readFlag('isGlobal', isGlobal),
  }))
  .build();

/**
 * The locks of one application; imported once, in its root module.
 *
 * @example DistributedLockModule.forRoot({ store: redisStore({ url: 'redis://localhost' }) })
 */
@Module({
  imports: [DiscoveryModule],
  providers: [
    {
      provide: MODULE_SETTINGS,
      useFactory: settingsFrom,
      inject: [DISTRIBUTED_LOCK_OPTIONS, ModulesContainer],
    },
    { provide: LOCK_RUNTIME, useFactory: runtimeFrom, inject: [MODULE_SETTINGS] },
    { provide: LockService, useExisting: LOCK_RUNTIME },
    { provide: APP_FILTER, useFactory: filterFrom, inject: [MODULE_SETTINGS, HttpAdapterHost] },
    {
      provide: LockFilterAttachment,
      useFactory: attachFilter,
      inject: [MODULE_SETTINGS, LockExplorer, AttachedLockFilter],
    },
    AttachedLockFilter,
    LockExplorer,
    LockLifecycle,
  ],
  exports: [LockService, LOCK_RUNTIME],
})
export class DistributedLockModule {
  /** @throws LockConfigError, when the application boots, for options that cannot work */
  static forRoot(options: DistributedLockModuleOptions & ModuleExtras = {}): DynamicModule {
    requireObject('DistributedLockModule', options);
    return { ...ConfigurableModuleClass.forRoot(options), module: DistributedLockModule };
  }

  /** @throws LockConfigError where not exactly one factory is given */
  static forRootAsync(options: DistributedLockModuleAsyncOptions): DynamicModule {
    checkAsyncOptions(options);
    return { ...ConfigurableModuleClass.forRootAsync(options), module: DistributedLockModule };
  }
}

function settingsFrom(options: DistributedLockModuleOptions, modules: ModulesContainer): ModuleSettings {
  refuseSecond(modules);
  return readSettings(options);
}

function runtimeFrom(settings: ModuleSettings): LockRuntime {
  const logger = new Logger('DistributedLock');
  return new LockRuntime({ ...settings, onNotice: (level, text) => logger[level](text) });
}

// A factory that returns nothing registers no filter.
function filterFrom(
  { hasExceptionFilter }: ModuleSettings,
  http: HttpAdapterHost,
): LockExceptionFilter | undefined {
  return hasExceptionFilter ? new LockExceptionFilter(http) : undefined;
}

// While providers are made: gateways and message handlers are bound soon after.
function attachFilter(
  { hasExceptionFilter }: ModuleSettings,
  explorer: LockExplorer,
  filter: AttachedLockFilter,
): LockFilterAttachment {
  const attachment = new LockFilterAttachment(filter);
  if (hasExceptionFilter) for (const type of explorer.classes()) attachment.attachTo(type);
  return attachment;
}

function refuseSecond(modules: ModulesContainer): void {
  const count = [...modules.values()].filter(({ metatype }) => metatype === DistributedLockModule).length;
  if (count <= 1) return;
  throw new LockConfigError(
    'DistributedLockModule: forRoot or forRootAsync was called twice in one application. Call it once, in the root module; for a second store give it the option "stores".',
    { option: 'stores' },
  );
}
