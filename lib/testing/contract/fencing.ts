import { strict as assert } from 'node:assert';
import { contractCase } from './contract-case.js';
import { Story } from './story.js';
import { aborted, lull } from './time.js';

export const fencing = [
  contractCase('gives tokens that grow from grant to grant, over all clients', [], async (bench) => {
    const clients = await bench.clientsOf(4);
    const key = bench.key();
    const story = new Story();
    const tokens: number[] = [];
    const work = clients.map(async (client, number) => {
      for (let turn = 0; turn < 25; turn++) {
        await story.visit(
          { client, name: String(number), key },
          (lock) => void tokens.push(lock.fencingToken),
        );
      }
    });
    await Promise.all(work);
    story.check({ isFaultless: true });
    assert.equal(tokens.length, 100);
    for (const [index, token] of tokens.entries()) {
      assert(
        Number.isSafeInteger(token) && token > (tokens[index - 1] ?? 0),
        `${tokens[index - 1]}, then ${token}`,
      );
    }
  }),

  contractCase('gives tokens that grow after everybody has gone', [], async (bench) => {
    const key = bench.key();
    let last = 0;
    for (let generation = 0; generation < 3; generation++) {
      const client = await bench.client();
      const lock = await client.acquire(key);
      assert(lock.fencingToken > last, `${last}, then ${lock.fencingToken}`);
      last = lock.fencingToken;
      await lock.release();
      await bench.endClients();
      await lull(30);
    }
  }),

  contractCase('gives a token to the holder alone', [], async (bench) => {
    const [a, b] = await Promise.all([bench.client(), bench.client()]);
    const key = bench.key();
    await a.withLock(key, async (lock) => {
      assert.equal(a.current(key)?.fencingToken, lock.fencingToken);
      assert.equal(b.current(key), undefined);
      assert.equal(await b.tryAcquire(key), null);
    });
    assert.equal(a.current(key), undefined);
  }),

  contractCase(
    'lets a resource refuse a holder that was paused beyond its lease',
    ['leases'],
    async (bench) => {
      const [a, b] = await Promise.all([bench.client(), bench.client()]);
      const key = bench.key();
      const resource = { token: 0, value: '' };
      const write = (token: number, value: string): boolean => {
        if (token < resource.token) return false;
        Object.assign(resource, { token, value });
        return true;
      };
      const paused = await a.acquire(key, { leaseTime: 300 });
      assert.equal(write(paused.fencingToken, 'first'), true);
      await aborted(paused.signal);
      await b.withLock(key, (lock) => assert.equal(write(lock.fencingToken, 'second'), true));
      assert.equal(write(paused.fencingToken, 'late'), false);
      assert.equal(resource.value, 'second');
    },
  ),
];
