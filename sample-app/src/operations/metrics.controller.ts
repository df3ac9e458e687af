import type { IncomingMessage, ServerResponse } from 'node:http';
import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { Metrics } from './metrics.js';

/** What Prometheus fetches. */
@Controller('metrics')
export class MetricsController {
  constructor(@Inject(Metrics) private readonly metrics: Metrics) {}

  @Get()
  fetch(@Req() request: IncomingMessage, @Res() response: ServerResponse): void {
    this.metrics.answer(request, response);
  }
}
