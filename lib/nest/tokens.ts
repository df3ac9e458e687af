/**
 * Where the lock service of an application is injected. Registered symbols, so that two copies of the package in one
 * process (ESM and CommonJS) mean the same.
 */
export const LOCK_RUNTIME = Symbol.for('nestjs-distributed-lock:runtime');
/**
 * Where the options of the module are injected. For tests: `overrideProvider(DISTRIBUTED_LOCK_OPTIONS)` gives an
 * application another store, whichever of forRoot and forRootAsync it uses.
 */
export const DISTRIBUTED_LOCK_OPTIONS: symbol = Symbol.for('nestjs-distributed-lock:options');
export const MODULE_SETTINGS = Symbol.for('nestjs-distributed-lock:settings');

/**
 * The property through which Nest hands the lock service to an instance with decorated methods. Where the module is
 * missing, Nest's message at boot shows this text.
 */
export const RUNTIME_PROPERTY = Symbol.for(
  '@DistributedLock: import DistributedLockModule.forRoot() in the root module',
);
