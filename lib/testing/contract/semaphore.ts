import { strict as assert } from 'node:assert';
import { LockConfigError } from '../../errors.js';
import { contractCase } from './contract-case.js';
import { Story } from './story.js';
import { pause, within } from './time.js';

const FIVE = { permits: 5 } as const;

export const semaphore = [
  contractCase('lets as many in as there are permits, and serves everybody', ['permits'], async (bench) => {
    const clients = await bench.clientsOf(5);
    const key = bench.key();
    const story = new Story();
    let [inside, most] = [0, 0];
    const work = async (): Promise<void> => {
      most = Math.max(most, ++inside);
      await pause(5);
      inside--;
    };
    const visits = clients.flatMap((client, number) =>
      ['x', 'y', 'z'].map((task) =>
        story.visit({ client, name: `${number}${task}`, key, options: FIVE }, work),
      ),
    );
    assert.deepEqual(new Set(await Promise.all(visits)), new Set([true]));
    story.check({ isFaultless: true });
    assert(most > 1 && most <= 5, `${most} were inside`);
  }),

  contractCase('counts the weight of each request', ['permits'], async (bench) => {
    const [a, b] = await Promise.all([bench.client(), bench.client()]);
    const key = bench.key();
    const three = await a.acquire(key, { ...FIVE, weight: 3 });
    const two = await b.acquire(key, { ...FIVE, weight: 2, waitTime: 0 });
    assert.equal(await b.tryAcquire(key, FIVE), null);
    const weights = (await a.inspect(key)).holders.map((one) => one.weight);
    assert.deepEqual(new Set(weights), new Set([2, 3]));
    await three.release();
    assert.equal(await b.tryAcquire(key, { ...FIVE, weight: 4 }), null);
    const again = await b.acquire(key, { ...FIVE, weight: 3, waitTime: 0 });
    await Promise.all([two.release(), again.release()]);
  }),

  contractCase('gives permits back when their lease ends', ['permits', 'leases'], async (bench) => {
    const [a, b] = await Promise.all([bench.client(), bench.client()]);
    const key = bench.key();
    await a.acquire(key, { ...FIVE, weight: 4, leaseTime: 300 });
    const all = await b.acquire(key, { ...FIVE, weight: 5 });
    await all.release();
  }),

  contractCase('never has more permits than it was made with', ['permits'], async (bench) => {
    const client = await bench.client();
    const key = bench.key();
    const first = await client.acquire(key, { permits: 1 });
    await first.release();
    await first.release();
    const second = await client.acquire(key, { permits: 1 });
    await first.release();
    assert.equal(await client.tryAcquire(key, { permits: 1 }), null);
    await second.release();
  }),

  contractCase(
    'refuses what no number of releases could grant, before anything is sent',
    ['permits'],
    async (bench) => {
      const client = await bench.client();
      const wrong = [
        { permits: 2, weight: 3 },
        { permits: 0 },
        { permits: 1.5 },
        { permits: 2, weight: 0 },
        { weight: 2 },
      ];
      for (const options of wrong)
        await assert.rejects(client.acquire(bench.key(), options), LockConfigError);
      await assert.rejects(client.acquire(bench.key(), { permits: 2, mode: 'shared' }), LockConfigError);
    },
  ),

  contractCase(
    'refuses another number of permits while the key is in use, and takes it on an idle one',
    ['permits'],
    async (bench) => {
      const [a, b] = await Promise.all([bench.client(), bench.client()]);
      const key = bench.key();
      const lock = await a.acquire(key, { permits: 3 });
      await assert.rejects(b.acquire(key, FIVE), LockConfigError);
      await assert.rejects(b.tryAcquire(key, FIVE), LockConfigError);
      await assert.rejects(b.acquire(key), LockConfigError);
      assert.equal(lock.isHeld, true);
      await lock.release();
      await (await b.acquire(key, FIVE)).release();
      await (await b.acquire(key)).release();
    },
  ),

  contractCase(
    'does not starve a big request by a stream of small ones',
    ['permits', 'fairOrder'],
    async (bench) => {
      const [a, b, c] = await bench.clientsOf(3);
      const key = bench.key();
      const small = [await a!.acquire(key, FIVE), await a!.acquire(key, FIVE)];
      const order: string[] = [];
      const big = b!.acquire(key, { ...FIVE, weight: 4 }).then((lock) => (order.push('big'), lock.release()));
      await bench.untilWaiting(key, 1);
      // It would fit, but it came later.
      assert.equal(await c!.tryAcquire(key, FIVE), null);
      const late = c!.acquire(key, FIVE).then((lock) => (order.push('small'), lock.release()));
      await bench.untilWaiting(key, 2);
      assert.equal(await within(100, Promise.race([big, late])), 'late');
      await small[0]!.release();
      await Promise.all([big, late]);
      assert.equal(order[0], 'big');
      await small[1]!.release();
    },
  ),
];
