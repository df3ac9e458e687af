import { Redis } from 'ioredis';
import { Mutex } from 'redis-semaphore';
import type { Library } from '../library.js';
import { openYardstick } from './yardstick.js';

const LEASE_MS = 10_000;

/** A mutex for each request, as its README does; looks again every 10 ms by default. */
export const library: Library = {
  name: 'redis-semaphore',
  npmPackage: 'redis-semaphore',
  role: 'peer',
  ground: 'redis',
  async open([url = '']) {
    const client = new Redis(url);
    return {
      async acquire(key, waitMs) {
        const options = { lockTimeout: LEASE_MS, acquireTimeout: waitMs, onLockLost: () => undefined };
        const mutex = new Mutex(client, key, options);
        await mutex.acquire();
        return () => mutex.release();
      },
      close: async () => void (await client.quit()),
    };
  },
  openYardstick,
};
