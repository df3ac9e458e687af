import { Controller, Get, Inject } from '@nestjs/common';
import { SETTINGS, type Settings } from './settings.js';

/** What there is to ask for, for whoever opens the address in a browser. */
const ROUTES = {
  'POST /votes': 'vote; the lock is on the service method; body {"userSeq":7,"voteSeq":1}',
  'POST /votes/handler': 'the same, the lock is on the handler',
  'POST /votes/unprotected': 'the same without a lock: a race',
  'GET /votes/:voteSeq': 'the tally of a poll',
  'GET /health': 'whether the instance works: its locks and its history',
  'GET /metrics': 'what Prometheus fetches: the locks, measured',
} as const;

@Controller()
export class IndexController {
  constructor(@Inject(SETTINGS) private readonly settings: Settings) {}

  @Get()
  index(): { name: string; instance: string; routes: typeof ROUTES } {
    return { name: 'voting API', instance: this.settings.instance, routes: ROUTES };
  }
}
