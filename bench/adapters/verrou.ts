import { Verrou } from '@verrou/core';
import { redisStore } from '@verrou/core/drivers/redis';
import { Redis as Redis5 } from 'ioredis-5';
import type { Library } from '../library.js';
import { yardstickOn } from './yardstick.js';

const LEASE_MS = 10_000;

/** Demands ioredis 5; looks again every 250 ms by default. */
export const library: Library = {
  name: 'verrou',
  npmPackage: '@verrou/core',
  role: 'peer',
  ground: 'redis',
  async open([url = '']) {
    const connection = new Redis5(url);
    const stores = { redis: { driver: redisStore({ connection: connection as never }) } };
    const verrou = new Verrou({ default: 'redis', stores });
    return {
      async acquire(key, waitMs) {
        const lock = verrou.createLock(key, LEASE_MS);
        const isOurs = await lock.acquire({ retry: { timeout: waitMs } });
        if (!isOurs) throw new Error(`${key} is busy`);
        return () => lock.release();
      },
      close: async () => void (await connection.quit()),
    };
  },
  openYardstick: ([url = '']) => yardstickOn(new Redis5(url)),
};
