import { Controller, Get, Inject } from '@nestjs/common';
import { VOTE_HISTORY, type VoteHistory } from './history/vote-history.js';
import { SETTINGS, type Settings } from './settings.js';

/** What there is to ask for, for whoever opens the address in a browser. */
const ROUTES = {
  'POST /votes': 'vote; the lock is on the service method; body {"userSeq":7,"voteSeq":1}',
  'POST /votes/handler': 'the same, the lock is on the handler',
  'POST /votes/unprotected': 'the same without a lock: a race',
  'GET /votes/:voteSeq': 'the tally of a poll',
  'GET /health': 'whether the instance works',
} as const;

@Controller()
export class IndexController {
  constructor(
    @Inject(VOTE_HISTORY) private readonly history: VoteHistory,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  @Get()
  index(): { name: string; instance: string; routes: typeof ROUTES } {
    return { name: 'voting API', instance: this.settings.instance, routes: ROUTES };
  }

  /** Asks the history: an instance that cannot reach it is not well. */
  @Get('health')
  async health(): Promise<{ status: 'ok'; instance: string; history: string }> {
    await this.history.tally(0);
    return { status: 'ok', instance: this.settings.instance, history: this.history.name };
  }
}
