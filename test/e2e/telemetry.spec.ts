import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  Controller,
  Inject,
  Injectable,
  type INestApplication,
  Param,
  ParseIntPipe,
  Post,
} from '@nestjs/common';
import { DistributedLock, DistributedLockModule, LockService } from 'nestjs-distributed-lock';
import { instrumentLocks } from 'nestjs-distributed-lock/opentelemetry';
import { redisStore } from 'nestjs-distributed-lock/redis';
import { RedisServer } from '../support/redis-server.js';
import { TelemetryRecorder } from '../support/telemetry-recorder.js';
import { until } from '../support/until.js';
import { serve, send } from './support/platforms.js';

@Injectable()
class Votes {
  @DistributedLock('vote:#<userSeq>')
  async vote(userSeq: number): Promise<string> {
    return `voted ${userSeq}`;
  }

  @DistributedLock((userSeq: number) => `count:${userSeq}`)
  async count(userSeq: number): Promise<number> {
    return userSeq;
  }
}

@Controller('votes')
class VotesController {
  constructor(
    @Inject(Votes) private readonly votes: Votes,
    @Inject(LockService) private readonly locks: LockService,
  ) {}

  @Post(':userSeq')
  @DistributedLock('request:#<userSeq>')
  async vote(@Param('userSeq', ParseIntPipe) userSeq: number): Promise<string> {
    return this.votes.vote(userSeq);
  }

  @Post(':userSeq/count')
  async count(@Param('userSeq', ParseIntPipe) userSeq: number): Promise<number> {
    return this.locks.withLock(`by-hand:${userSeq}`, () => this.votes.count(userSeq));
  }
}

describe('two applications on one Redis, measured', () => {
  const apps: INestApplication[] = [];
  const urls: string[] = [];
  let redis: RedisServer;
  let recorder: TelemetryRecorder;
  let end: () => void;

  beforeAll(async () => {
    redis = await RedisServer.start();
    recorder = new TelemetryRecorder();
    end = instrumentLocks(recorder.providers);
    for (const _ of [1, 2]) {
      const { app, url } = await serve(
        'express',
        {
          imports: [
            DistributedLockModule.forRoot({ store: redisStore({ url: redis.url }), waitTime: '10s' }),
          ],
          controllers: [VotesController],
          providers: [Votes],
        },
        {
          // What an instrumentation of HTTP does: the request has a span.
          prepare: (each) =>
            each.use((request: { url: string }, response: { on: Function }, next: () => void) =>
              recorder.tracerProvider.getTracer('http').startActiveSpan(request.url, (span) => {
                response.on('close', () => span.end());
                next();
              }),
            ),
        },
      );
      apps.push(app);
      urls.push(url);
    }
  });
  afterAll(async () => {
    end();
    for (const app of apps) await app.close();
    await recorder.stop();
    await redis.stop();
  });

  it('count what was asked for, by template, and show no key', async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) => send(`${urls[index % 2]}/votes/4711`)),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(40).fill(201));
    const outer = { 'key.template': 'request:#<userSeq>', store: 'redis' };
    const inner = { 'key.template': 'vote:#<userSeq>', store: 'redis' };
    expect(await recorder.total('distributed_lock.grants', outer)).toBe(40);
    expect(await recorder.total('distributed_lock.grants', inner)).toBe(40);
    const local = await recorder.total('distributed_lock.hand_offs', { ...outer, hand_off: 'local' });
    const remote = await recorder.total('distributed_lock.hand_offs', { ...outer, hand_off: 'remote' });
    // All of them arrived together, on one key: nearly each had to wait for another, and the two processes for each other.
    expect(local + remote).toBeLessThan(40);
    expect(remote).toBeGreaterThan(0);
    expect(await recorder.total('distributed_lock.hold.duration', { ...outer, end: 'released' })).toBe(40);
    expect(await recorder.total('distributed_lock.held')).toBe(0);
    expect(await recorder.total('distributed_lock.waiting')).toBe(0);
  });

  it('name function keys by their method, and keys given by hand by nothing', async () => {
    expect((await send(`${urls[0]}/votes/4711/count`)).status).toBe(201);
    expect(await recorder.total('distributed_lock.grants', { 'key.template': 'Votes.count()' })).toBe(1);
    expect(await recorder.total('distributed_lock.grants', { 'key.template': '(by hand)' })).toBe(1);
  });

  it('have their waits and holds below the span of the request that asked', async () => {
    await send(`${urls[0]}/votes/1`);
    const request = await until('the request’s span ended', () => recorder.spansOf('/votes/1')[0]);
    const below = recorder.spans.filter(
      ({ parentSpanContext }) => parentSpanContext?.spanId === request.spanContext().spanId,
    );
    expect(below.map(({ name }) => name).sort()).toEqual([
      'lock hold request:#<userSeq>',
      'lock hold vote:#<userSeq>',
      'lock wait request:#<userSeq>',
      'lock wait vote:#<userSeq>',
    ]);
  });

  it('show no key anywhere', async () => {
    const spans = recorder.spans.filter(({ name }) => name.startsWith('lock '));
    expect(spans.length).toBeGreaterThan(160);
    expect(JSON.stringify(spans.map(({ name, attributes }) => [name, attributes]))).not.toContain('4711');
    expect(JSON.stringify(await recorder.metrics())).not.toContain('4711');
  });
});
