import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Inject, type INestApplication } from '@nestjs/common';
import { HealthCheck, type HealthCheckResult, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import {
  DistributedLockModule,
  type DistributedLockModuleOptions,
  LockService,
  memoryStore,
} from 'nestjs-distributed-lock';
import { redisStore } from 'nestjs-distributed-lock/redis';
import { LockHealthIndicator, type LockHealthOptions } from 'nestjs-distributed-lock/terminus';
import { scriptedStore } from 'nestjs-distributed-lock/testing';
import { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';
import { type Answer, PLATFORMS, send, serve } from './support/platforms.js';

let options: LockHealthOptions | undefined;

@Controller('health')
class Health {
  constructor(
    @Inject(HealthCheckService) private readonly health: HealthCheckService,
    @Inject(LockHealthIndicator) private readonly locks: LockHealthIndicator,
  ) {}

  @Get()
  @HealthCheck()
  check(): Promise<HealthCheckResult> {
    return this.health.check([() => this.locks.isHealthy('locks', options)]);
  }
}

const opened: INestApplication[] = [];
afterEach(async () => {
  options = undefined;
  for (const app of opened.splice(0)) await app.close();
});

async function start(
  module: DistributedLockModuleOptions,
  platform: (typeof PLATFORMS)[number] = 'express',
): Promise<{ ask: () => Promise<Answer>; locks: LockService }> {
  const { app, url } = await serve(platform, {
    imports: [DistributedLockModule.forRoot(module), TerminusModule.forRoot({ logger: false })],
    controllers: [Health],
    providers: [LockHealthIndicator],
  });
  opened.push(app);
  return { ask: () => send(`${url}/health`, { method: 'GET' }), locks: app.get(LockService) };
}

describe('a health check', () => {
  it.each(PLATFORMS)('says over %s that every store answers, and takes no lock for it', async (platform) => {
    const { ask, locks } = await start({ store: memoryStore(), stores: { audit: memoryStore() } }, platform);
    const busy = await locks.acquire('probe');
    const answer = await ask();
    await busy.release();
    expect([answer.status, answer.json()]).toMatchObject([
      200,
      {
        status: 'ok',
        details: {
          locks: {
            status: 'up',
            stores: {
              default: { store: 'memory', status: 'up' },
              audit: { store: 'memory', status: 'up' },
            },
          },
        },
      },
    ]);
  });

  it('says which store does not answer, by a code only', async () => {
    const audit = scriptedStore();
    const { ask } = await start({ store: memoryStore(), stores: { audit } });
    audit.fail(new Error('redis://user:secret@10.0.0.1 refused'));
    const answer = await ask();
    expect([answer.status, answer.json()]).toMatchObject([
      503,
      {
        error: {
          locks: {
            status: 'down',
            stores: { default: { status: 'up' }, audit: { status: 'down', code: 'LOCK_STORE' } },
          },
        },
      },
    ]);
    expect(answer.text).not.toMatch(/secret|10\.0\.0\.1/);
    options = { store: 'default' };
    expect((await ask()).status).toBe(500);
  });

  it('of one store says nothing of the others', async () => {
    const down = scriptedStore();
    const { ask } = await start({ store: memoryStore(), stores: { down, up: memoryStore() } });
    down.fail(new Error('down'));
    options = { store: 'up' };
    const answer = await ask();
    expect(answer.status).toBe(200);
    expect(
      Object.keys((answer.json() as { details: { locks: { stores: object } } }).details.locks.stores),
    ).toEqual(['up']);
  });

  it('does not wait for a store that hangs', async () => {
    const redis = await RedisServer.start();
    try {
      const { ask, locks } = await start({ store: redisStore({ url: redis.url }) });
      await locks.withLock('a', () => undefined);
      redis.pause();
      options = { timeout: 50 };
      expect((await ask()).status).toBe(503);
      redis.resume();
      options = undefined;
      await until('it is well again', async () => (await ask()).status === 200);
    } finally {
      await redis.stop();
    }
  });

  it('follows a Redis that goes down and comes back', async () => {
    const redis = await RedisServer.start();
    try {
      const { ask, locks } = await start({ store: redisStore({ url: redis.url }) });
      await locks.withLock('a', () => undefined);
      expect((await ask()).status).toBe(200);
      await redis.kill();
      const down = await ask();
      expect([down.status, down.json()]).toMatchObject([503, { status: 'error' }]);
      expect(down.text).not.toContain(String(redis.port));
      await redis.restart();
      await until('it is well again', async () => (await ask()).status === 200);
    } finally {
      await redis.stop();
    }
  });
});
