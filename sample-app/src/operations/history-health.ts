import { Inject, Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { VOTE_HISTORY, type VoteHistory } from '../history/vote-history.js';

/** Whether the history answers. */
@Injectable()
export class HistoryHealthIndicator {
  constructor(
    @Inject(HealthIndicatorService) private readonly indicator: HealthIndicatorService,
    @Inject(VOTE_HISTORY) private readonly history: VoteHistory,
  ) {}

  async isHealthy(key: string): Promise<HealthIndicatorResult> {
    const { name } = this.history;
    const check = this.indicator.check(key);
    try {
      await this.history.tally(0);
      return check.up({ kind: name });
    } catch {
      // Whoever asks for the health need not know more; the requests that fail are logged.
      return check.down({ kind: name });
    }
  }
}
