import { Inject, Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import type { LockRuntime } from '../core/lock-runtime.js';
import { isLockError } from '../errors.js';
import { LOCK_RUNTIME } from '../nest/tokens.js';
import { type Duration, durationMs } from '../util/duration.js';

/** How the stores are looked at. */
export interface LockHealthOptions {
  /** One of the module's `stores`. Default: the module's `store` and all of them. */
  store?: string;
  /** A store that takes longer to answer is down. Default `'1s'`. Give less than the probe that asks waits itself. */
  timeout?: Duration;
}

/**
 * Says in a health check of `@nestjs/terminus` whether locks can be had: every store is asked, no lock is taken.
 *
 * @example health.check([() => locks.isHealthy('locks')])
 */
@Injectable()
export class LockHealthIndicator {
  constructor(
    @Inject(HealthIndicatorService) private readonly indicator: HealthIndicatorService,
    @Inject(LOCK_RUNTIME) private readonly runtime: LockRuntime,
  ) {}

  /**
   * `up` where every store answers in time. What went wrong is a code: its text is in the log, and health checks are
   * often public.
   * @throws LockConfigError for a store that the module does not have
   */
  async isHealthy<const Key extends string>(
    key: Key,
    { store, timeout = '1s' }: LockHealthOptions = {},
  ): Promise<HealthIndicatorResult<Key>> {
    const views = await this.runtime.probe({ store, withinMs: durationMs('timeout', timeout, { minMs: 1 }) });
    const stores = Object.fromEntries(
      views.map(({ name = 'default', kind, error }) => [name, { store: kind, ...stateOf(error) }]),
    );
    const check = this.indicator.check(key);
    return views.every(({ error }) => error === undefined) ? check.up({ stores }) : check.down({ stores });
  }
}

function stateOf(error: unknown): { status: 'up' | 'down'; code?: string } {
  if (error === undefined) return { status: 'up' };
  return { status: 'down', code: isLockError(error) ? error.code : 'LOCK_STORE' };
}
