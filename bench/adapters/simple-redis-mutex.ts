import { createClient } from 'redis';
import { lock } from 'simple-redis-mutex';
import type { Library } from '../library.js';
import { openYardstick } from './yardstick.js';

const LEASE_MS = 10_000;

/** Runs on node-redis; woken by messages, and looks again every 10 s by default. */
export const library: Library = {
  name: 'simple-redis-mutex',
  npmPackage: 'simple-redis-mutex',
  role: 'peer',
  ground: 'redis',
  async open([url = '']) {
    const client = createClient({ url });
    client.on('error', () => undefined);
    await client.connect();
    return {
      acquire: (key, failAfter) => lock(client as never, key, { timeout: LEASE_MS, failAfter }),
      close: () => client.close(),
    };
  },
  openYardstick,
};
