import { type DynamicModule, Module } from '@nestjs/common';
import { DistributedLockModule, type LockStore } from 'nestjs-distributed-lock';
import { storeFromUrl } from 'nestjs-distributed-lock/url';
import { VotesController } from './votes.controller';

@Module({})
export class AppModule {
  static with(store?: LockStore): DynamicModule {
    return {
      module: AppModule,
      imports: [
        DistributedLockModule.forRootAsync({
          useFactory: async () => ({ store: store ?? (await storeFromUrl('memory:')) }),
        }),
      ],
      controllers: [VotesController],
    };
  }
}
