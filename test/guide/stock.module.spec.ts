import { afterEach, describe, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { DISTRIBUTED_LOCK_OPTIONS } from 'nestjs-distributed-lock';
import { scriptedStore } from 'nestjs-distributed-lock/testing';
import { StockModule } from './stock.module.js';

let application: INestApplication;
afterEach(() => application.close());

describe('the whole application, without its lock server', () => {
  it('answers 423 with Retry-After where the lock is busy, and 503 where its store is down', async () => {
    const store = scriptedStore();
    const testing = await Test.createTestingModule({ imports: [StockModule] })
      .overrideProvider(DISTRIBUTED_LOCK_OPTIONS)
      .useValue({ store, waitTime: 0 })
      .compile();
    application = testing.createNestApplication({ logger: false });
    await application.listen(0, '127.0.0.1');
    const url = await application.getUrl();
    const sell = (): Promise<Response> => fetch(`${url}/stock/pen`, { method: 'POST' });

    expect((await sell()).status).toBe(201);
    store.busy('sale:pen');
    const busy = await sell();
    expect(busy.status).toBe(423);
    expect(busy.headers.get('retry-after')).not.toBeNull();
    store.fail(new Error('connection refused'));
    expect((await sell()).status).toBe(503);
  });
});
