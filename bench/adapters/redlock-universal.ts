import { Redis } from 'ioredis';
import { createLock, IoredisAdapter } from 'redlock-universal';
import type { Library } from '../library.js';
import { openYardstick } from './yardstick.js';

const LEASE_MS = 10_000;
/** Its default. */
const RETRY_MS = 100;

/** Makes a lock for each key once, as its README does. It counts attempts, not time: as many as fit into the wait. */
export const library: Library = {
  name: 'redlock-universal',
  npmPackage: 'redlock-universal',
  role: 'peer',
  ground: 'redis',
  async open([url = '']) {
    const client = new Redis(url);
    const adapter = new IoredisAdapter(client as never);
    const locks = new Map<string, ReturnType<typeof createLock>>();
    const lockOf = (key: string, waitMs: number) =>
      createLock({ adapter, key, ttl: LEASE_MS, retryAttempts: Math.ceil(waitMs / RETRY_MS) });
    return {
      async acquire(key, waitMs) {
        const lock = locks.get(key) ?? lockOf(key, waitMs);
        locks.set(key, lock);
        const handle = await lock.acquire();
        return () => lock.release(handle);
      },
      close: async () => void (await client.quit()),
    };
  },
  openYardstick,
};
