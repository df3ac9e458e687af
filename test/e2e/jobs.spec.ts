import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { BullModule, getQueueToken, Processor, WorkerHost } from '@nestjs/bullmq';
import { Injectable, type ModuleMetadata } from '@nestjs/common';
import { CommandBus, CommandHandler, CqrsModule, type ICommandHandler } from '@nestjs/cqrs';
import { EventEmitter2, EventEmitterModule, OnEvent } from '@nestjs/event-emitter';
import { Cron, ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import type { TestingModule } from '@nestjs/testing';
import type { Job, Queue } from 'bullmq';
import {
  DistributedLock,
  DistributedLockModule,
  LockService,
  type LockStore,
  LockTimeoutError,
  memoryStore,
} from 'nestjs-distributed-lock';
import { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';
import { LockLog } from './support/lock-log.js';
import { compile, LogLines } from './support/platforms.js';
import { Stage } from './support/stage.js';

const stage = new Stage();
const lines = new LogLines();
let log: LockLog;
let store: LockStore;
const modules: TestingModule[] = [];

beforeAll(() => {
  log = new LockLog();
});
afterAll(() => log.stop());
beforeEach(async () => {
  await Promise.all(modules.splice(0).map((module) => module.close()));
  stage.reset();
  log.clear();
  lines.lines.length = 0;
  store = memoryStore();
});
afterAll(() => Promise.all(modules.splice(0).map((module) => module.close())));

/** An instance of an application; all that a test makes share their locks. */
async function instance({ imports = [], providers = [] }: ModuleMetadata): Promise<TestingModule> {
  const locks = DistributedLockModule.forRoot({ store });
  const module = await (await compile({ imports: [locks, ...imports], providers }, lines)).init();
  modules.push(module);
  return module;
}

/** Never by itself: the tests make it tick. */
const YEARLY = '0 0 1 1 *';

@Injectable()
class Reports {
  @Cron(YEARLY, { name: 'skipping' })
  @DistributedLock('report', { whenBusy: 'skip' })
  async skipping(): Promise<void> {
    await stage.play();
  }

  @DistributedLock('report', { waitTime: 0 })
  @Cron(YEARLY, { name: 'failing' })
  async failing(): Promise<void> {
    await stage.play();
  }
}

describe('a @Cron method', () => {
  const parts = { imports: [ScheduleModule.forRoot()], providers: [Reports] };
  const tick = (module: TestingModule, name: string): void =>
    void module.get(SchedulerRegistry).getCronJob(name).fireOnTick();

  it('runs on one of several instances', async () => {
    const [first, second] = [await instance(parts), await instance(parts)];
    stage.shut();
    tick(first, 'skipping');
    await stage.hasEntered(1);
    tick(second, 'skipping');
    await until('the other was refused', () => log.count('refused report') === 1);
    stage.open();
    await until('the first is done', () => log.count('released report') === 1);
    expect(stage.entered).toBe(1);
    tick(second, 'skipping');
    await until('the other ran', () => log.count('released report') === 2);
    expect(lines.at('error')).toEqual([]);
  });

  it('that may not skip tells the scheduler, which logs it and goes on', async () => {
    const module = await instance(parts);
    const lock = await module.get(LockService).acquire('report');
    tick(module, 'failing');
    await until('it was logged', () => lines.at('error').length > 0);
    expect(lines.at('error')).toEqual([expect.stringContaining('Lock "report" is held by another owner')]);
    await lock.release();
    tick(module, 'failing');
    await stage.hasEntered(1);
  });
});

interface Vote {
  readonly userSeq: number;
}

@Injectable()
class Listeners {
  @OnEvent('vote', { suppressErrors: false })
  @DistributedLock('vote:#<vote.userSeq>', { waitTime: '20s' })
  async heard(vote: Vote): Promise<number> {
    await stage.play();
    return vote.userSeq;
  }

  @DistributedLock('vote:#<vote.userSeq>', { waitTime: 0 })
  @OnEvent('hasty', { suppressErrors: false })
  async hasty(vote: Vote): Promise<number> {
    return vote.userSeq;
  }
}

describe('an @OnEvent method', () => {
  const parts = { imports: [EventEmitterModule.forRoot()], providers: [Listeners] };

  it('hears one event of a key at a time', async () => {
    const events = (await instance(parts)).get(EventEmitter2);
    const votes = [7, 7, 7].map((userSeq) => events.emitAsync('vote', { userSeq }));
    expect(await Promise.all(votes)).toEqual([[7], [7], [7]]);
    expect([stage.entered, stage.most, log.count('released vote:7')]).toEqual([3, 1, 3]);
  });

  it('tells whoever sent the event that it was refused', async () => {
    const module = await instance(parts);
    await using _ = await module.get(LockService).acquire('vote:7');
    const events = module.get(EventEmitter2);
    await expect(events.emitAsync('hasty', { userSeq: 7 })).rejects.toBeInstanceOf(LockTimeoutError);
    expect(await events.emitAsync('hasty', { userSeq: 8 })).toEqual([8]);
  });
});

class VoteCommand {
  constructor(
    readonly userSeq: number,
    readonly isHasty = false,
  ) {}
}
class HastyCommand extends VoteCommand {}

@CommandHandler(VoteCommand)
class VoteHandler implements ICommandHandler<VoteCommand> {
  @DistributedLock('vote:#<command.userSeq>', { waitTime: '20s' })
  async execute(command: VoteCommand): Promise<number> {
    await stage.play();
    return command.userSeq;
  }
}

@CommandHandler(HastyCommand)
class HastyHandler implements ICommandHandler<HastyCommand> {
  @DistributedLock('vote:#<command.userSeq>', { waitTime: 0 })
  async execute(command: HastyCommand): Promise<number> {
    return command.userSeq;
  }
}

describe('a @CommandHandler', () => {
  const parts = { imports: [CqrsModule.forRoot()], providers: [VoteHandler, HastyHandler] };

  it('executes one command of a key at a time', async () => {
    const bus = (await instance(parts)).get(CommandBus);
    const votes = [7, 7, 7].map((userSeq) => bus.execute(new VoteCommand(userSeq)));
    expect(await Promise.all(votes)).toEqual([7, 7, 7]);
    expect([stage.entered, stage.most, log.count('released vote:7')]).toEqual([3, 1, 3]);
  });

  it('tells whoever sent the command that it was refused', async () => {
    const module = await instance(parts);
    await using _ = await module.get(LockService).acquire('vote:7');
    const bus = module.get(CommandBus);
    await expect(bus.execute(new HastyCommand(7))).rejects.toBeInstanceOf(LockTimeoutError);
    expect(await bus.execute(new HastyCommand(8))).toBe(8);
  });
});

@Processor('votes', { concurrency: 5 })
class VoteProcessor extends WorkerHost {
  @DistributedLock('vote:#<job.data.userSeq>', { waitTime: '20s' })
  override async process(job: Job<Vote>): Promise<number> {
    await stage.play();
    return job.data.userSeq;
  }
}

@Processor('hasty')
class HastyProcessor extends WorkerHost {
  @DistributedLock('vote:#<job.data.userSeq>', { waitTime: 0 })
  override async process(job: Job<Vote>): Promise<number> {
    await stage.play();
    return job.data.userSeq;
  }
}

describe('a BullMQ processor', () => {
  let redis: RedisServer;
  let module: TestingModule;
  beforeAll(async () => {
    redis = await RedisServer.start({ args: ['--maxmemory-policy', 'noeviction'] });
  });
  beforeEach(async () => {
    const connection = { host: '127.0.0.1', port: redis.port };
    const queues = BullModule.registerQueue({ name: 'votes' }, { name: 'hasty' });
    module = await instance({
      imports: [BullModule.forRoot({ connection }), queues],
      providers: [VoteProcessor, HastyProcessor],
    });
  });
  // The workers first: without their server they would not end.
  afterAll(async () => {
    await Promise.all(modules.splice(0).map((one) => one.close()));
    await redis.stop();
  });

  const queue = (name: string): Queue => module.get(getQueueToken(name));
  const isIn = async (job: Job, state: string): Promise<boolean> => (await job.getState()) === state;

  it('works on one job of a key at a time, however many it may take', async () => {
    const jobs = await Promise.all([7, 7, 7].map((userSeq) => queue('votes').add('vote', { userSeq })));
    for (const job of jobs) await until('the job is done', () => isIn(job, 'completed'));
    expect([stage.entered, stage.most, log.count('released vote:7')]).toEqual([3, 1, 3]);
  });

  it('fails the job that is refused, saying why, and the queue tries it again', async () => {
    const lock = await module.get(LockService).acquire('vote:7');
    const once = await queue('hasty').add('vote', { userSeq: 7 });
    await until('the job has failed', () => isIn(once, 'failed'));
    const { failedReason } = (await queue('hasty').getJob(once.id!)) as Job;
    expect(failedReason).toMatch(/^Lock "vote:7" is held by another owner/);
    const twice = await queue('hasty').add('vote', { userSeq: 7 }, { attempts: 100, backoff: 20 });
    await until('it was refused', () => log.count('refused vote:7') >= 2);
    await lock.release();
    await until('the job is done', () => isIn(twice, 'completed'));
    expect(stage.entered).toBe(1);
  });
});
