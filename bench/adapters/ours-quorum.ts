import { quorumStore } from 'nestjs-distributed-lock';
import { redisStore } from 'nestjs-distributed-lock/redis';
import type { Library } from '../library.js';
import { lockerOf, openOurs } from './ours.js';
import { openQuorumYardstick } from './quorum-yardstick.js';

export const library: Library = {
  name: 'ours, quorum',
  npmPackage: 'nestjs-distributed-lock',
  role: 'ours',
  ground: 'redis-quorum',
  open: async (urls) => lockerOf(await openOurs(quorumStore(urls.map((url) => redisStore({ url }))))),
  openYardstick: openQuorumYardstick,
};
