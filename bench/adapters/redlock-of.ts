import { createRequire } from 'node:module';
import { Redis } from 'ioredis';
import type { Urls } from '../grounds/ground.js';
import type { Locker } from '../library.js';

interface Settings {
  readonly retryCount: number;
  readonly retryDelay: number;
}
type Redlock = new (
  clients: readonly Redis[],
  settings: Partial<Settings>,
) => {
  acquire(
    keys: string[],
    leaseMs: number,
    settings?: Partial<Settings>,
  ): Promise<{ release(): Promise<unknown> }>;
  on(event: 'error', listener: (error: unknown) => void): void;
};

const LEASE_MS = 10_000;
/** The default, and in the README, of both packages; ± 200 ms of jitter by default. */
const RETRY_MS = 200;

/**
 * redlock, or the fork that took over its interface. They count attempts, not time: as many as fit into the wait.
 *
 * @param loadedFrom the package; the types and ES modules of redlock do not load under NodeNext, its CommonJS half does
 */
export async function openRedlock(loadedFrom: string, exported: string, urls: Urls): Promise<Locker> {
  const module = createRequire(import.meta.url)(loadedFrom) as Record<string, Redlock>;
  const clients = urls.map((url) => new Redis(url));
  const redlock = new module[exported]!(clients, { retryDelay: RETRY_MS });
  // Each attempt that finds the key taken is told as an error event; nobody need listen, but somebody must.
  redlock.on('error', () => undefined);
  return {
    async acquire(key, waitMs) {
      const lock = await redlock.acquire([key], LEASE_MS, { retryCount: Math.ceil(waitMs / RETRY_MS) });
      return () => lock.release();
    },
    close: async () => void (await Promise.all(clients.map((client) => client.quit()))),
  };
}
