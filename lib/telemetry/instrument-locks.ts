import { diag, type MeterProvider, metrics, trace, type TracerProvider } from '@opentelemetry/api';
import { lockChannel, type LockEvent, type LockEvents } from '../core/lock-events.js';
import { VERSION } from '../util/version.js';
import { LockMetrics } from './lock-metrics.js';
import { LockTelemetry } from './lock-telemetry.js';
import { BY_HAND, type TemplateOf } from './names.js';

/** How locks are told of. */
export interface LockTelemetryOptions {
  /** Where spans go. Default: the global one, as it is when the first lock is asked for. */
  tracerProvider?: TracerProvider;
  /** Where metrics go. Default: the global one, as it is when the first lock is asked for. */
  meterProvider?: MeterProvider;
  /**
   * Names keys that were given by hand, as `stock:<id>` names `stock:7`. Undefined, and the default: `(by hand)` for all
   * of them. Each different answer is a time series of every metric: never return what has no bound.
   */
  templateOf?: (keys: readonly string[]) => string | undefined;
}

const SCOPE = 'nestjs-distributed-lock';
const KINDS = ['waiting', 'granted', 'ended', 'refused', 'renewed', 'storeDown', 'storeUp'] as const;

/**
 * Tells OpenTelemetry of every lock in this process, whichever application asks for it: spans of waiting and holding,
 * histograms, counters and gauges by key template.
 *
 * @returns a function that ends it; holds and requests of that moment are not followed to their end
 * @example instrumentLocks(); // once, beside the start of the OpenTelemetry SDK
 */
export function instrumentLocks(options: LockTelemetryOptions = {}): () => void {
  let telemetry: LockTelemetry | undefined;
  const listeners = KINDS.map((kind) => {
    const channel = lockChannel(kind);
    const listener = (event: unknown): void => {
      // Not earlier: an SDK that is started after this line is found too.
      telemetry ??= begin(options);
      tell(telemetry, kind, event);
    };
    channel.subscribe(listener);
    return () => channel.unsubscribe(listener);
  });
  return () => {
    for (const end of listeners.splice(0)) end();
    telemetry?.close();
    telemetry = undefined;
  };
}

/** What stands on a channel is what its kind says. */
function tell<K extends (typeof KINDS)[number]>(telemetry: LockTelemetry, kind: K, event: unknown): void {
  const told = telemetry[kind] as (event: LockEvents[K]) => void;
  told.call(telemetry, event as LockEvents[K]);
}

function begin({ tracerProvider, meterProvider, templateOf }: LockTelemetryOptions): LockTelemetry {
  const tracer = (tracerProvider ?? trace.getTracerProvider()).getTracer(SCOPE, VERSION);
  const meter = (meterProvider ?? metrics.getMeterProvider()).getMeter(SCOPE, VERSION);
  return new LockTelemetry({ tracer, metrics: new LockMetrics(meter), templateOf: templatesBy(templateOf) });
}

function templatesBy(templateOf: LockTelemetryOptions['templateOf']): TemplateOf {
  return (event: LockEvent) => {
    if (event.template !== undefined || !templateOf) return event.template ?? BY_HAND;
    try {
      return templateOf(event.keys) ?? BY_HAND;
    } catch (error) {
      // Whoever throws among the listeners of a channel ends the process.
      diag.error('instrumentLocks: the option "templateOf" failed.', error);
      return BY_HAND;
    }
  };
}
