import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { instrumentLocks } from 'nestjs-distributed-lock/opentelemetry';

/** OpenTelemetry in this process: the locks are measured, Prometheus fetches what was measured. */
@Injectable()
export class Metrics implements OnApplicationShutdown {
  // Our own controller answers, so the exporter opens no port.
  private readonly exporter = new PrometheusExporter({ preventServerStart: true });
  private readonly meterProvider = new MeterProvider({ readers: [this.exporter] });
  private readonly stopMeasuring = instrumentLocks({ meterProvider: this.meterProvider });

  /** Answers with everything in Prometheus' text format. */
  answer(request: IncomingMessage, response: ServerResponse): void {
    this.exporter.getMetricsRequestHandler(request, response);
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopMeasuring();
    await this.meterProvider.shutdown();
  }
}
