import { redisStore } from 'nestjs-distributed-lock/redis';
import type { Library } from '../library.js';
import { lockerOf, openOurs } from './ours.js';
import { openYardstick } from './yardstick.js';

/** In order of arrival over all processes: each request has a place of its own in the line. */
export const library: Library = {
  name: 'ours, fair',
  npmPackage: 'nestjs-distributed-lock',
  role: 'ours',
  ground: 'redis',
  open: async ([url = '']) => lockerOf(await openOurs(redisStore({ url })), { fair: true }),
  openYardstick,
};
