import 'reflect-metadata';
import { Inject, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Mutex } from 'async-mutex';
import { DistributedLock, DistributedLockModule, LockService, memoryStore } from 'nestjs-distributed-lock';
import type { Crew } from '../contestant/crew.js';
import { median } from '../measure/statistics.js';
import type { Figures, Pace, Scene, Workload } from './workload.js';

/** Calls that are timed together: one is too short for the clock. */
const IN_TURNS = 500;

/** The same small work, with nothing around it and with each kind of lock. */
@Injectable()
class VoteService {
  private readonly mutex = new Mutex();
  private votes = 0;

  constructor(@Inject(LockService) private readonly locks: LockService) {}

  async bare(userSeq: number): Promise<number> {
    return (this.votes += userSeq);
  }

  byHand(userSeq: number): Promise<number> {
    return this.locks.withLock(`vote:${userSeq}`, () => this.bare(userSeq));
  }

  @DistributedLock('vote:#<userSeq>')
  async decorated(userSeq: number): Promise<number> {
    return (this.votes += userSeq);
  }

  byMutex(userSeq: number): Promise<number> {
    return this.mutex.runExclusive(() => this.bare(userSeq));
  }
}

@Module({
  imports: [DistributedLockModule.forRoot({ store: memoryStore() })],
  providers: [VoteService],
})
class VoteModule {}

const KINDS = ['bare', 'byMutex', 'byHand', 'decorated'] as const;
type Kind = (typeof KINDS)[number];

/** Nanoseconds of a call of each kind, all kinds in turns. */
async function layers(_scene: Scene, { forMs }: { forMs: number }): Promise<Record<Kind, number>> {
  const app = await NestFactory.createApplicationContext(VoteModule, { logger: ['warn', 'error', 'fatal'] });
  const service = app.get(VoteService);
  const times: Record<Kind, number[]> = { bare: [], byMutex: [], byHand: [], decorated: [] };
  const endMs = performance.now() + forMs;
  while (performance.now() < endMs) {
    for (const kind of KINDS) {
      const began = performance.now();
      for (let call = 0; call < IN_TURNS; call++) await service[kind](1);
      times[kind].push(((performance.now() - began) / IN_TURNS) * 1e6);
    }
  }
  await app.close();
  const { bare, byMutex, byHand, decorated } = times;
  return {
    bare: median(bare),
    byMutex: median(byMutex),
    byHand: median(byHand),
    decorated: median(decorated),
  };
}

async function turn(crew: Crew, { turnMs }: Pace): Promise<Figures> {
  const times = await crew.processes[0]!.play<Record<Kind, number>>('layers', { forMs: turnMs });
  return {
    ...times,
    overByHand: times.decorated / times.byHand,
    overMutex: times.byHand / times.byMutex,
  };
}

export const decorator: Workload = {
  name: 'g',
  title: 'A decorated service method on the memory store, nobody else there',
  grounds: ['memory'],
  takes: ({ name }) => name === 'ours, memory',
  processes: 1,
  columns: [
    { name: 'bare', title: 'bare call ns', digits: 0 },
    { name: 'byMutex', title: 'async-mutex ns', digits: 0 },
    { name: 'byHand', title: 'withLock ns', digits: 0 },
    { name: 'decorated', title: 'decorated ns', digits: 0 },
    { name: 'overByHand', title: 'decorated ÷ withLock', digits: 2 },
    { name: 'overMutex', title: 'withLock ÷ async-mutex', digits: 2 },
  ],
  parts: { layers },
  turn,
};
