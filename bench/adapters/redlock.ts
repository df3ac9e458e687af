import { createRequire } from 'node:module';
import { Redis } from 'ioredis';
import type { Library } from '../library.js';
import { openYardstick } from './yardstick.js';

interface Lock {
  release(): Promise<unknown>;
}
interface Settings {
  readonly retryCount: number;
  readonly retryDelay: number;
  readonly retryJitter: number;
}
type Redlock = new (
  clients: readonly Redis[],
  settings: Partial<Settings>,
) => {
  acquire(keys: string[], leaseMs: number, settings?: Partial<Settings>): Promise<Lock>;
  on(event: 'error', listener: (error: unknown) => void): void;
};

const LEASE_MS = 10_000;
/** Its own default, and that of its README: 200 ms ± 200 ms. */
const RETRY_MS = 200;

/** Its types and its ES modules do not load under NodeNext; its CommonJS half does. */
export function loadRedlock(name: string): Redlock {
  return (createRequire(import.meta.url)(name) as { default: Redlock }).default;
}

export const library: Library = {
  name: 'redlock 5 beta',
  npmPackage: 'redlock',
  ground: 'redis',
  async open([url = '']) {
    const client = new Redis(url);
    const redlock = new (loadRedlock('redlock'))([client], { retryDelay: RETRY_MS });
    redlock.on('error', () => undefined);
    return {
      async acquire(key, waitMs) {
        // It counts attempts, not time: as many as fit into the wait.
        const lock = await redlock.acquire([key], LEASE_MS, { retryCount: Math.ceil(waitMs / RETRY_MS) });
        return () => lock.release();
      },
      close: async () => void (await client.quit()),
    };
  },
  openYardstick,
};
