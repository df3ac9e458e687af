import { afterEach, describe, expect, it } from '@jest/globals';
import { Logger, type LoggerService } from '@nestjs/common';
import type { TestingModule } from '@nestjs/testing';
import {
  DistributedLockModule,
  type DistributedLockModuleOptions,
  LockService,
  memoryStore,
} from 'nestjs-distributed-lock';
import { redisStore } from 'nestjs-distributed-lock/redis';
import { VERSION } from '../../lib/util/version.js';
import { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';
import { compile } from './support/platforms.js';

/** What an operator reads of us, each line with its level. */
class OperatorLog implements LoggerService {
  readonly lines: string[] = [];
  log = this.at('log');
  warn = this.at('warn');
  error = this.at('error');
  debug = this.at('debug');
  verbose = this.at('verbose');

  private at(level: string): (text: unknown, ...rest: unknown[]) => void {
    return (text, ...rest) => {
      // The last argument is the context: lines of Nest's own are none of ours.
      if (rest.at(-1) === 'DistributedLock') this.lines.push(`${level} ${String(text)}`);
    };
  }
}

const opened: TestingModule[] = [];
afterEach(async () => {
  for (const module of opened.splice(0)) await module.close();
  Logger.overrideLogger(false);
});

async function boot(
  options: DistributedLockModuleOptions,
): Promise<{ log: OperatorLog; locks: LockService; module: TestingModule }> {
  const log = new OperatorLog();
  const module = await compile({ imports: [DistributedLockModule.forRoot(options)] }, log);
  opened.push(module);
  await module.init();
  return { log, locks: module.get(LockService), module };
}

describe('the log of an application', () => {
  it('begins with the version and the stores, and then says nothing while all goes well', async () => {
    const { log, locks, module } = await boot({ store: memoryStore(), stores: { audit: memoryStore() } });
    await Promise.all(Array.from({ length: 50 }, () => locks.withLock('a', () => undefined)));
    await module.close();
    expect(log.lines).toEqual([
      `log nestjs-distributed-lock ${VERSION}: locks live in the store "memory", those of "audit" in "memory", namespace "lock".`,
    ]);
  });

  it('says nothing of a lock that is busy: its caller is told', async () => {
    const { log, locks } = await boot({ store: memoryStore() });
    const holder = await locks.acquire('a');
    await expect(locks.acquire('a', { waitTime: 5 })).rejects.toThrow('is still held');
    await expect(locks.tryAcquire('a')).resolves.toBeNull();
    await holder.release();
    expect(log.lines.slice(1)).toEqual([]);
  });

  it('has one line for a loss', async () => {
    const { log, locks } = await boot({ store: memoryStore() });
    const lock = await locks.acquire('vote:7');
    await locks.forceRelease('vote:7');
    await until('the loss is noticed', () => lock.signal.aborted);
    await lock.release();
    expect(log.lines.slice(1)).toEqual([
      expect.stringMatching(/^warn Lock "vote:7" was lost: the store says that it is held no more\./),
    ]);
  });

  it('has one line for a store that goes down under many requests, and one when it serves again', async () => {
    const redis = await RedisServer.start();
    try {
      const { log, locks } = await boot({ store: redisStore({ url: redis.url }), waitTime: '300ms' });
      await locks.withLock('a', () => undefined);
      await redis.kill();
      const requests = Array.from({ length: 100 }, (_, index) =>
        locks.withLock(`vote:${index}`, () => undefined),
      );
      const answers = await Promise.allSettled(requests);
      expect(answers.map(({ status }) => status)).toEqual(Array(100).fill('rejected'));
      await until('the store is told to be down', () => log.lines.length > 1);
      await Promise.allSettled([locks.tryAcquire('b'), locks.inspect('c')]);
      expect(log.lines.slice(1)).toEqual([
        expect.stringMatching(
          /^error Lock store "redis" cannot be used, and is asked again until it serves: .+ECONNREFUSED/,
        ),
      ]);

      await redis.restart();
      await until('the store is told to serve', () => log.lines.length > 2);
      await locks.withLock('a', () => undefined);
      expect(log.lines.slice(2)).toEqual([
        expect.stringMatching(/^log Lock store "redis" serves again after \d+\.\d s\.$/),
      ]);
    } finally {
      await redis.stop();
    }
  });

  it('says at boot that a store cannot be used, and once when it can', async () => {
    const redis = await RedisServer.start();
    try {
      await redis.kill();
      const { log, locks } = await boot({ store: redisStore({ url: redis.url }) });
      expect(log.lines).toEqual([
        expect.stringMatching(/^log nestjs-distributed-lock .* locks live in the store "redis"/),
        expect.stringMatching(/^error Lock store "redis" cannot be used, /),
      ]);
      await redis.restart();
      await until('the store is told to serve', () => log.lines.length > 2);
      await locks.withLock('a', () => undefined);
      expect(log.lines.slice(2)).toEqual([expect.stringMatching(/^log Lock store "redis" serves again/)]);
    } finally {
      await redis.stop();
    }
  });
});
