import { strict as assert } from 'node:assert';
import { deferred } from '../../util/deferred.js';
import { contractCase } from './contract-case.js';
import { Story } from './story.js';
import { lull, pause } from './time.js';

const FAIR = { fair: true } as const;

export const fairness = [
  contractCase('grants in the order of arrival', ['fairOrder'], async (bench) => {
    const clients = await bench.clientsOf(8);
    const key = bench.key();
    const lock = await clients[0]!.acquire(key);
    const order: number[] = [];
    const waits: Promise<void>[] = [];
    for (const [place, client] of clients.entries()) {
      waits.push(
        client.acquire(key, FAIR).then((next) => {
          order.push(place);
          return next.release();
        }),
      );
      await bench.untilWaiting(key, place + 1);
    }
    await lock.release();
    await Promise.all(waits);
    assert.deepEqual(order, [...clients.keys()]);
  }),

  contractCase(
    'grants in the order of arrival within one process, whoever is fair',
    ['fairOrder'],
    async (bench) => {
      const [a, b] = await Promise.all([bench.client(), bench.client()]);
      const key = bench.key();
      const lock = await a.acquire(key);
      const order: string[] = [];
      const wait = (name: string, options: { fair?: boolean } = {}): Promise<void> =>
        b.acquire(key, options).then((next) => {
          order.push(name);
          return next.release();
        });
      const first = wait('plain');
      await bench.untilWaiting(key, 1);
      const second = wait('fair', FAIR);
      await bench.untilWaiting(key, 2);
      await lock.release();
      await Promise.all([first, second]);
      assert.deepEqual(order, ['plain', 'fair']);
    },
  ),

  contractCase('does not let a newcomer in before the line', ['fairOrder'], async (bench) => {
    const [a, b, c] = await bench.clientsOf(3);
    const key = bench.key();
    const story = new Story();
    const lock = await a!.acquire(key);
    const inside = deferred<void>();
    const first = story.visit({ client: b!, name: 'b', key, options: FAIR }, () => inside.promise);
    await bench.untilWaiting(key, 1);
    await lock.release();
    // Wherever the hand-off stands, there is no moment at which the newcomer could slip in.
    for (let attempt = 0; attempt < 20; attempt++) assert.equal(await c!.tryAcquire(key), null);
    inside.resolve();
    assert.equal(await first, true);
    story.check();
  }),

  contractCase('serves everybody equally often', ['fairOrder'], async (bench) => {
    const clients = await bench.clientsOf(6);
    const key = bench.key();
    const story = new Story();
    const counts = clients.map(() => 0);
    let isOver = false;
    const work = clients.map(async (client, number) => {
      while (!isOver) {
        await story.visit({ client, name: String(number), key, options: FAIR }, async () => {
          if (!isOver) counts[number]!++;
          await pause(2);
        });
      }
    });
    await lull(700);
    isOver = true;
    await Promise.all(work);
    story.check();
    const [least, most] = [Math.min(...counts), Math.max(...counts)];
    assert(least > 2, `served ${counts.join(', ')} times`);
    // One at either end of the time that was counted.
    assert(most - least <= 2, `served ${counts.join(', ')} times`);
  }),

  contractCase('keeps the place of a waiter that waits for long', ['fairOrder'], async (bench) => {
    const [a, b, c] = await bench.clientsOf(3);
    const key = bench.key();
    const lock = await a!.acquire(key);
    const order: string[] = [];
    const first = b!.acquire(key, FAIR).then((next) => (order.push('first'), next.release()));
    await bench.untilWaiting(key, 1);
    const second = c!.acquire(key, FAIR).then((next) => (order.push('second'), next.release()));
    await bench.untilWaiting(key, 2);
    // Longer than a silent request would keep its place.
    await lull(3_300);
    assert.equal((await a!.inspect(key)).waiters, 2);
    await lock.release();
    await Promise.all([first, second]);
    assert.deepEqual(order, ['first', 'second']);
  }),
];
