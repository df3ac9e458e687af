import { strict as assert } from 'node:assert';
import { systemClock } from '../../util/clock.js';
import { contractCase } from './contract-case.js';
import { leaving, requestFor } from './requests.js';
import { Story } from './story.js';
import { aborted, lull, pause } from './time.js';
import { grantsOf } from './verbs.js';

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

  contractCase(
    'tells when it granted, in microseconds, where it says that its tokens do',
    [],
    async (bench) => {
      const { store, ...session } = await bench.session();
      const requests = [requestFor(bench.storeKey('first')), requestFor(bench.storeKey('second'))];
      const moments: { beforeUs: number; token: number; afterUs: number }[] = [];
      for (const request of requests) {
        const beforeUs = systemClock.nowMs() * 1_000;
        const [grant] = grantsOf(await session.acquire(request));
        moments.push({ beforeUs, token: grant!.token, afterUs: systemClock.nowMs() * 1_000 });
        await pause(200);
      }
      for (const request of requests) await session.release(leaving(request));
      if (store.tokensTellTime !== true) return;
      const [first, second] = [moments[0]!, moments[1]!];
      const passedUs = second.token - first.token;
      // By two clocks, of which one may be set a little meanwhile.
      const [least, most] = [second.beforeUs - first.afterUs, second.afterUs - first.beforeUs];
      assert(passedUs > least * 0.9 && passedUs < most * 1.1, `${passedUs}, not from ${least} to ${most}`);
    },
  ),

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
