import type { INestApplicationContext } from '@nestjs/common';
import { redisStore } from 'nestjs-distributed-lock/redis';
import { lockerOf, openOurs } from '../adapters/ours.js';
import type { Locker } from '../library.js';
import { type ContendOrder, contendWith } from './contend.js';
import type { Part } from './workload.js';

/** Opened together. */
const AT_ONCE = 50;

/**
 * Clients with connections of their own, as so many processes would be: the server cannot tell them from those. A
 * thousand processes on a few cores would measure the scheduler.
 */
export function sessionParts(): Record<'openSessions' | 'contendInSessions' | 'closeSessions', Part> {
  const apps: INestApplicationContext[] = [];
  const lockers: Locker[] = [];
  return {
    async openSessions({ urls: [url = ''] }, { sessions }: { sessions: number }) {
      while (apps.length < sessions) {
        const count = Math.min(AT_ONCE, sessions - apps.length);
        apps.push(...(await Promise.all(Array.from({ length: count }, () => openOurs(redisStore({ url }))))));
      }
      lockers.push(...(await Promise.all(apps.map((app) => lockerOf(app)))));
    },
    /** One waiter in each of the first so many. */
    contendInSessions: (_scene, order: ContendOrder) => contendWith((waiter) => lockers[waiter]!, order),
    async closeSessions() {
      await Promise.all(apps.splice(0).map((app) => app.close()));
      lockers.length = 0;
    },
  };
}
