import { Redisson } from 'node-redisson';
import type { Library } from '../library.js';
import { openYardstick } from './yardstick.js';

/** With its watchdog, as its README does; woken by messages. */
export const library: Library = {
  name: 'node-redisson',
  npmPackage: 'node-redisson',
  role: 'peer',
  ground: 'redis',
  async open([url = '']) {
    const { hostname: host, port } = new URL(url);
    const redisson = new Redisson({ redis: { options: { host, port: Number(port) } } });
    return {
      async acquire(key, waitMs) {
        const lock = redisson.getLock(key);
        if (!(await lock.tryLock(waitMs, true))) throw new Error(`${key} is busy`);
        return () => lock.unlock();
      },
      close: () => redisson.quit(),
    };
  },
  openYardstick,
};
