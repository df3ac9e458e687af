import { Inject, Injectable, Logger } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { LockRuntime } from '../core/lock-runtime.js';
import { LockConfigError, LockUnsupportedError } from '../errors.js';
import { type LockPlan, ownPlans } from './lock-plan.js';
import { currentLocks, placeOf } from './parameter-decorators.js';
import { bindRuntime } from './runtime-injection.js';
import { LOCK_RUNTIME } from './tokens.js';

/** Goes over the application's classes when it boots: checks what only the whole application can tell. */
@Injectable()
export class LockExplorer {
  private readonly logger = new Logger('DistributedLock');
  private readonly seen = new Set<object>();

  constructor(
    @Inject(DiscoveryService) private readonly discovery: DiscoveryService,
    @Inject(LOCK_RUNTIME) private readonly runtime: LockRuntime,
  ) {}

  /** @throws LockConfigError, LockUnsupportedError naming the method whose options cannot work */
  explore(): void {
    for (const { instance, metatype } of this.wrappers()) {
      const isObject = typeof instance === 'object' && instance !== null;
      const prototype: unknown = isObject ? Object.getPrototypeOf(instance) : metatype?.prototype;
      const hasPlans = chainOf(prototype).filter((each) => this.check(each)).length > 0;
      if (hasPlans && isObject) bindRuntime(instance, this.runtime);
    }
  }

  /** The classes that Nest makes instances of. */
  classes(): { readonly prototype: object }[] {
    const types = this.wrappers().map(({ metatype }) => metatype);
    return types.filter((type): type is { prototype: object } => typeof type?.prototype === 'object');
  }

  private wrappers(): { instance: unknown; metatype: { prototype?: unknown } | null }[] {
    return [...this.discovery.getProviders(), ...this.discovery.getControllers()];
  }

  /** @returns whether the class declares decorated methods */
  private check(prototype: object): boolean {
    const plans = ownPlans(prototype);
    if (this.seen.has(prototype)) return plans.size > 0;
    this.seen.add(prototype);
    for (const [name, plan] of plans) {
      this.checkOptions(plan);
      this.checkOutermost(plan, Object.getOwnPropertyDescriptor(prototype, name)?.value);
    }
    for (const name of currentLocks(prototype).keys()) {
      if (plans.has(name)) continue;
      this.logger.warn(
        `@CurrentLock on ${placeOf(prototype, name)}: the method has no @DistributedLock, so it gets no lock.`,
      );
    }
    return plans.size > 0;
  }

  private checkOptions({ options, where }: LockPlan): void {
    try {
      this.runtime.checkOptions(options);
    } catch (error) {
      if (error instanceof LockConfigError) {
        throw new LockConfigError(`${where}: ${error.message}`, { option: error.option, cause: error });
      }
      if (!(error instanceof LockUnsupportedError)) throw error;
      throw new LockUnsupportedError(`${where}: ${error.message}`, { store: error.store, cause: error });
    }
  }

  private checkOutermost(plan: LockPlan, method: unknown): void {
    if (method === plan.wrapper) return;
    this.logger.warn(
      `${plan.where}: another decorator runs outside the lock, and what it does at the end (a commit, say) comes after the release. Write @DistributedLock above it.`,
    );
  }
}

/** The prototype and those that it inherits from. */
function chainOf(prototype: unknown): object[] {
  const chain: object[] = [];
  for (
    let each = prototype;
    each && each !== Object.prototype;
    each = Object.getPrototypeOf(each) as unknown
  ) {
    chain.push(each);
  }
  return chain;
}
