import { type Attributes, context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { type Histogram, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';

class ReaderByHand extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

/** A point of one metric, its attributes without the name that they all begin with. */
export interface Point {
  readonly value: number;
  /** Of a histogram: how many were recorded; `value` is their sum. */
  readonly count?: number;
  readonly of: Attributes;
}

/** OpenTelemetry as an application starts it, with everything kept in memory. */
export class TelemetryRecorder {
  readonly meterProvider: MeterProvider;
  readonly tracerProvider: BasicTracerProvider;
  private readonly reader = new ReaderByHand();
  private readonly exporter = new InMemorySpanExporter();

  constructor() {
    this.meterProvider = new MeterProvider({ readers: [this.reader] });
    const spanProcessors = [new SimpleSpanProcessor(this.exporter)];
    this.tracerProvider = new BasicTracerProvider({ spanProcessors });
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  }

  /** For whoever is to record here. */
  get providers(): { meterProvider: MeterProvider; tracerProvider: BasicTracerProvider } {
    return { meterProvider: this.meterProvider, tracerProvider: this.tracerProvider };
  }

  /** The spans that ended, in the order of their ends. */
  get spans(): readonly ReadableSpan[] {
    return this.exporter.getFinishedSpans();
  }

  spansOf(name: string): readonly ReadableSpan[] {
    return this.spans.filter((span) => span.name === name);
  }

  async points(name: string): Promise<Point[]> {
    const metric = (await this.metrics()).find(({ descriptor }) => descriptor.name === name);
    return (metric?.dataPoints ?? []).map(({ value, attributes }) => {
      const of = Object.fromEntries(
        Object.entries(attributes).map(([key, each]) => [key.replace('distributed_lock.', ''), each]),
      );
      if (typeof value === 'number') return { value, of };
      const { sum = 0, count } = value as Histogram;
      return { value: sum, count, of };
    });
  }

  /** The sum of one metric over the points that have these attributes. */
  async total(name: string, where: Attributes = {}): Promise<number> {
    const points = await this.points(name);
    const fitting = points.filter(({ of }) => Object.entries(where).every(([key, each]) => of[key] === each));
    return fitting.reduce((sum, { value, count }) => sum + (count ?? value), 0);
  }

  async metrics() {
    const { resourceMetrics } = await this.reader.collect();
    return resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
  }

  /** Everything that would leave the process, as one text to search in. */
  async everything(): Promise<string> {
    const spans = this.spans.map(({ name, attributes, events, status, links }) => ({
      name,
      attributes,
      events,
      status,
      links,
    }));
    return JSON.stringify([spans, await this.metrics()]);
  }

  async stop(): Promise<void> {
    context.disable();
    await this.tracerProvider.shutdown();
    await this.meterProvider.shutdown();
  }
}
