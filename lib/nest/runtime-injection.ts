import { Inject } from '@nestjs/common';
import type { LockRuntime } from '../core/lock-runtime.js';
import { LockConfigError } from '../errors.js';
import { PROPERTY_DEPENDENCIES } from './nest-metadata.js';
import { LOCK_RUNTIME, RUNTIME_PROPERTY } from './tokens.js';

// Beside the instances instead of on them: nothing shows in what users log, compare or serialize.
const runtimes = new WeakMap<object, LockRuntime>();
const bound = new WeakSet<object>();

interface WithRuntime {
  [RUNTIME_PROPERTY]?: LockRuntime | undefined;
}

/**
 * Lets Nest hand the lock service to every instance of the class, by its own property injection: in every scope, in
 * subclasses, in several applications of one process. A module that lacks it fails to boot.
 */
export function injectRuntime(prototype: object): void {
  if (!(RUNTIME_PROPERTY in prototype)) {
    Object.defineProperty(prototype, RUNTIME_PROPERTY, {
      configurable: true,
      get(this: object) {
        return runtimes.get(this);
      },
      set(this: object, runtime: LockRuntime) {
        runtimes.set(this, runtime);
      },
    });
  }
  const known = Reflect.getMetadata(PROPERTY_DEPENDENCIES, prototype.constructor) as
    | readonly { readonly key: unknown }[]
    | undefined;
  if (known?.some(({ key }) => key === RUNTIME_PROPERTY)) return;
  Inject(LOCK_RUNTIME)(prototype, RUNTIME_PROPERTY);
}

/** For an instance that Nest did not make (`useFactory`, `useValue`); the application that booted last has it. */
export function bindRuntime(instance: WithRuntime, runtime: LockRuntime): void {
  const isInjected = instance[RUNTIME_PROPERTY] !== undefined && !bound.has(instance);
  if (isInjected) return;
  bound.add(instance);
  instance[RUNTIME_PROPERTY] = runtime;
}

/** The lock service of the application that the instance belongs to. @throws LockConfigError where it belongs to none */
export function runtimeOf(instance: unknown, where: string): LockRuntime {
  const runtime = (instance as WithRuntime | null | undefined)?.[RUNTIME_PROPERTY];
  if (runtime) return runtime;
  throw new LockConfigError(
    `${where}: this instance has no lock service. Let Nest make it: as a provider or controller of an application that imports DistributedLockModule.`,
    { option: 'DistributedLockModule' },
  );
}
