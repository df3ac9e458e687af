import { Redis } from 'ioredis';
import { createRedlock, IoredisAdapter } from 'redlock-universal';
import type { Library } from '../library.js';
import { openQuorumYardstick } from './quorum-yardstick.js';

const LEASE_MS = 10_000;
/** Its default with several servers. */
const RETRY_MS = 200;

/** Makes a lock for each key once, as its README does. It counts attempts, not time: as many as fit into the wait. */
export const library: Library = {
  name: 'redlock-universal, quorum',
  npmPackage: 'redlock-universal',
  role: 'peer',
  ground: 'redis-quorum',
  async open(urls) {
    const clients = urls.map((url) => new Redis(url));
    const adapters = clients.map((client) => new IoredisAdapter(client as never));
    const locks = new Map<string, ReturnType<typeof createRedlock>>();
    const lockOf = (key: string, waitMs: number) =>
      createRedlock({ adapters, key, ttl: LEASE_MS, retryAttempts: Math.ceil(waitMs / RETRY_MS) });
    return {
      async acquire(key, waitMs) {
        const lock = locks.get(key) ?? lockOf(key, waitMs);
        locks.set(key, lock);
        const handle = await lock.acquire();
        return () => lock.release(handle);
      },
      close: async () => void (await Promise.all(clients.map((client) => client.quit()))),
    };
  },
  openYardstick: openQuorumYardstick,
};
