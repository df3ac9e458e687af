import type { INestApplication } from '@nestjs/common';
import { HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import { INVALID_SPAN_CONTEXT, trace, type TracerProvider } from '@opentelemetry/api';
import { memoryStore } from 'nestjs-distributed-lock';
import { instrumentLocks } from 'nestjs-distributed-lock/opentelemetry';
import { LockHealthIndicator } from 'nestjs-distributed-lock/terminus';
import { AppModule } from './app.module';

describe('seeing inside', () => {
  let app: INestApplication;
  afterEach(() => app.close());

  async function start(): Promise<string> {
    const imports = [AppModule.with(memoryStore()), TerminusModule.forRoot({ logger: false })];
    const module = await Test.createTestingModule({ imports, providers: [LockHealthIndicator] }).compile();
    app = module.createNestApplication({ logger: false });
    await app.listen(0, '127.0.0.1');
    return app.getUrl();
  }

  it('says in a health check that locks can be had', async () => {
    await start();
    const locks = app.get(LockHealthIndicator);
    const health = await app.resolve(HealthCheckService, undefined, { strict: false });
    const { status, details } = await health.check([() => locks.isHealthy('locks')]);
    expect([status, details]).toMatchObject(['ok', { locks: { status: 'up' } }]);
  });

  it('makes spans of waiting and holding', async () => {
    const names: string[] = [];
    const startSpan = (name: string) => {
      names.push(name);
      return trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
    };
    const tracerProvider = { getTracer: () => ({ startSpan }) } as unknown as TracerProvider;
    const end = instrumentLocks({ tracerProvider });
    const url = await start();
    await fetch(`${url}/votes/7`, { method: 'POST' });
    end();
    expect(names).toEqual(['lock wait vote:#<userSeq>', 'lock hold vote:#<userSeq>']);
  });
});
