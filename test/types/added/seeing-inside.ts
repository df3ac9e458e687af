// Compiled, never run: what was added to the promised surface, and what the compiler refuses of it.
import type { HealthIndicatorResult } from '@nestjs/terminus';
import { metrics, trace } from '@opentelemetry/api';
import type { LockEvents } from 'nestjs-distributed-lock';
import { instrumentLocks, type LockTelemetryOptions } from 'nestjs-distributed-lock/opentelemetry';
import type { LockHealthIndicator, LockHealthOptions } from 'nestjs-distributed-lock/terminus';

const telemetry: LockTelemetryOptions = {
  tracerProvider: trace.getTracerProvider(),
  meterProvider: metrics.getMeterProvider(),
  templateOf: (keys) => keys[0]?.split(':')[0],
};
export const disposers: (() => void)[] = [instrumentLocks(), instrumentLocks(telemetry)];

const health: LockHealthOptions = { store: 'audit', timeout: '500ms' };
export function healthOf(locks: LockHealthIndicator): Promise<HealthIndicatorResult<'locks'>> {
  return locks.isHealthy('locks', health);
}

type Word = 'local' | 'remote' | 'not-renewed' | 'lease-ended' | 'not-held' | 'shutdown' | undefined;
export function wordsOf({ handOff }: LockEvents['granted'], { loss }: LockEvents['ended']): Word[] {
  return [handOff, loss];
}

// @ts-expect-error a template is one text
instrumentLocks({ templateOf: (keys) => keys });
// @ts-expect-error not a duration
export const wrongHealth: LockHealthOptions = { timeout: 'soon' };
