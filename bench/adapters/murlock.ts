import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { NestFactory } from '@nestjs/core';
import { MurLockModule, MurLockService } from 'murlock';
import type { Library } from '../library.js';
import { openYardstick } from './yardstick.js';

const LEASE_MS = 10_000;
/** As in its README; there is no default. */
const RETRY_MS = 1_000;

/** What `@MurLock` and `runWithLock` call; with an id for each request, as they make one. */
export const library: Library = {
  name: 'murlock',
  npmPackage: 'murlock',
  role: 'peer',
  ground: 'redis',
  async open([url = ''], waitMs) {
    const module = MurLockModule.forRoot({
      redisOptions: { url },
      wait: RETRY_MS,
      // It counts attempts, not time: as many as fit into the longest wait.
      maxAttempts: Math.max(1, Math.round(waitMs / RETRY_MS)),
      logLevel: 'none',
      ignoreUnlockFail: false,
    });
    const app = await NestFactory.createApplicationContext(module, { logger: false });
    const locks = app.get(MurLockService);
    const { acquireLock, releaseLock } = locks as unknown as Inner;
    return {
      async acquire(key) {
        const id = randomUUID();
        await acquireLock.call(locks, key, id, LEASE_MS, RETRY_MS);
        return () => releaseLock.call(locks, key, id);
      },
      pair: (key) => locks.runWithLock(key, LEASE_MS, RETRY_MS, async () => undefined),
      close: () => app.close(),
    };
  },
  openYardstick,
};

/** Private to TypeScript only. */
interface Inner {
  // Its signature.
  // oxlint-disable-next-line max-params
  acquireLock(key: string, id: string, leaseMs: number, retryMs: number): Promise<void>;
  releaseLock(key: string, id: string): Promise<void>;
}
