import type { Attributes, Tracer } from '@opentelemetry/api';
import type { LockEvent, LockEvents } from '../core/lock-events.js';
import type { LockMetrics } from './lock-metrics.js';
import { RequestSpans } from './lock-spans.js';
import { attributesOf, type TemplateOf } from './names.js';

interface Tracked {
  readonly of: Attributes;
  readonly spans: RequestSpans;
  isHeld: boolean;
}

export interface LockTelemetryParts {
  readonly metrics: LockMetrics;
  readonly tracer: Tracer;
  readonly templateOf: TemplateOf;
}

/**
 * Follows requests by the events they tell. One that began before anybody listened has no span and no place in the
 * gauges, but what it tells of times and ends counts.
 *
 *   (unknown) ──waiting──► waiting ──granted──► held ──ended──► (forgotten)
 *   waiting ──refused──► (forgotten)
 *   any ──close()──► (forgotten)            its spans end, the gauges go back
 */
export class LockTelemetry {
  private readonly requests = new Map<object, Tracked>();
  private readonly down = new Map<object, string>();

  constructor(private readonly parts: LockTelemetryParts) {}

  waiting(event: LockEvents['waiting']): void {
    const of = this.attributesOf(event);
    this.requests.set(event.id, { of, spans: new RequestSpans(this.parts.tracer, of), isHeld: false });
    this.parts.metrics.countWaiting(1, of);
  }

  granted(event: LockEvents['granted']): void {
    const { metrics } = this.parts;
    const tracked = this.requests.get(event.id);
    metrics.granted(event, tracked?.of ?? this.attributesOf(event));
    if (!tracked) return;
    tracked.isHeld = true;
    metrics.countWaiting(-1, tracked.of);
    metrics.countHeld(1, tracked.of);
    tracked.spans.granted(event);
  }

  refused(event: LockEvents['refused']): void {
    const tracked = this.forget(event);
    this.parts.metrics.refused(event, tracked?.of ?? this.attributesOf(event));
    tracked?.spans.refused(event);
  }

  ended(event: LockEvents['ended']): void {
    const tracked = this.forget(event);
    this.parts.metrics.ended(event, tracked?.of ?? this.attributesOf(event));
    tracked?.spans.ended(event);
  }

  renewed(event: LockEvents['renewed']): void {
    this.parts.metrics.renewed(event);
  }

  storeDown({ id, store }: LockEvents['storeDown']): void {
    if (this.down.has(id)) return;
    this.down.set(id, store);
    this.parts.metrics.countDown(1, store);
  }

  storeUp({ id }: LockEvents['storeUp']): void {
    const store = this.down.get(id);
    if (store === undefined) return;
    this.down.delete(id);
    this.parts.metrics.countDown(-1, store);
  }

  close(): void {
    for (const id of this.requests.keys()) this.forget({ id })?.spans.leave();
    for (const id of this.down.keys()) this.storeUp({ id, store: '', downMs: 0 });
  }

  private attributesOf(event: LockEvent): Attributes {
    return attributesOf(event, this.parts.templateOf);
  }

  private forget({ id }: { readonly id: object }): Tracked | undefined {
    const tracked = this.requests.get(id);
    if (!tracked) return undefined;
    this.requests.delete(id);
    const { metrics } = this.parts;
    if (tracked.isHeld) metrics.countHeld(-1, tracked.of);
    else metrics.countWaiting(-1, tracked.of);
    return tracked;
  }
}
