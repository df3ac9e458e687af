import { type DynamicModule, Global, Module, ValidationPipe } from '@nestjs/common';
import { APP_PIPE } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import { DistributedLockModule, type DistributedLockModuleOptions } from 'nestjs-distributed-lock';
import { LockHealthIndicator } from 'nestjs-distributed-lock/terminus';
import { storeFromUrl } from 'nestjs-distributed-lock/url';
import { openHistory } from './history/open-history.js';
import { VOTE_HISTORY } from './history/vote-history.js';
import { IndexController } from './index.controller.js';
import { HealthController } from './operations/health.controller.js';
import { HistoryHealthIndicator } from './operations/history-health.js';
import { MetricsController } from './operations/metrics.controller.js';
import { Metrics } from './operations/metrics.js';
import { SETTINGS, type Settings } from './settings.js';
import { VotesController } from './votes/votes.controller.js';
import { VotesService } from './votes/votes.service.js';

@Global()
@Module({})
class SettingsModule {
  static with(settings: Settings): DynamicModule {
    return {
      module: SettingsModule,
      providers: [{ provide: SETTINGS, useValue: settings }],
      exports: [SETTINGS],
    };
  }
}

@Module({})
export class AppModule {
  /** The application with its settings; several may stand beside each other in one process. */
  static with(settings: Settings): DynamicModule {
    return {
      module: AppModule,
      imports: [
        SettingsModule.with(settings),
        DistributedLockModule.forRootAsync({
          inject: [SETTINGS],
          useFactory: async ({ lockUrl }: Settings): Promise<DistributedLockModuleOptions> => ({
            namespace: 'voting-api',
            store: await storeFromUrl(lockUrl),
          }),
        }),
        // An outage is in the log once; every failed check again would be noise.
        TerminusModule.forRoot({ logger: false }),
      ],
      controllers: [IndexController, HealthController, MetricsController, VotesController],
      providers: [
        VotesService,
        LockHealthIndicator,
        HistoryHealthIndicator,
        Metrics,
        {
          provide: VOTE_HISTORY,
          inject: [SETTINGS],
          useFactory: ({ database }: Settings) => openHistory(database),
        },
        // Pipes run before the lock is taken: bad input takes none, and 07 and 7 are one key.
        { provide: APP_PIPE, useValue: new ValidationPipe({ transform: true, whitelist: true }) },
      ],
    };
  }
}
