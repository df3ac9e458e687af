import { LockService } from 'nestjs-distributed-lock';
import { redisStore } from 'nestjs-distributed-lock/redis';
import type { Library } from '../library.js';
import { lockerOf, openOurs } from './ours.js';
import { openYardstick } from './yardstick.js';

/** The form with a body, which opens a scope for re-entry. */
export const library: Library = {
  name: 'ours, withLock',
  npmPackage: 'nestjs-distributed-lock',
  role: 'ours',
  ground: 'redis',
  async open([url = '']) {
    const app = await openOurs(redisStore({ url }));
    const locks = app.get(LockService);
    return {
      ...(await lockerOf(app)),
      pair: (key, waitTime) => locks.withLock(key, { waitTime }, () => undefined),
    };
  },
  openYardstick,
};
