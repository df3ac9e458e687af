import { afterEach, describe, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { type LockStore, memoryStore } from 'nestjs-distributed-lock';
import { scriptedStore } from 'nestjs-distributed-lock/testing';
import { AppModule } from './app.module.js';

describe('POST /votes/:userSeq', () => {
  let app: INestApplication;
  afterEach(() => app.close());

  async function start(store: LockStore): Promise<() => Promise<Response>> {
    const module = await Test.createTestingModule({ imports: [AppModule.with(store)] }).compile();
    app = module.createNestApplication({ logger: false });
    await app.listen(0, '127.0.0.1');
    const url = await app.getUrl();
    return () => fetch(`${url}/votes/7`, { method: 'POST' });
  }

  it('lets one vote of a user in at a time', async () => {
    const vote = await start(memoryStore());
    const replies = await Promise.all(Array.from({ length: 10 }, vote));
    const bodies = (await Promise.all(replies.map((reply) => reply.json()))) as { inside: number }[];
    expect(bodies.map(({ inside }) => inside)).toEqual(Array(10).fill(1));
  });

  it('answers 503 where the store is down', async () => {
    const store = scriptedStore();
    const vote = await start(store);
    store.fail(new Error('down'));
    expect((await vote()).status).toBe(503);
  });
});
