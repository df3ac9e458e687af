import { memoryStore } from 'nestjs-distributed-lock';
import type { Library } from '../library.js';
import { openMutexes } from './async-mutex.js';
import { lockerOf, openOurs } from './ours.js';

/** In one process, beside a bare mutex. */
export const library: Library = {
  name: 'ours, memory',
  npmPackage: 'nestjs-distributed-lock',
  role: 'ours',
  ground: 'memory',
  open: async () => lockerOf(await openOurs(memoryStore())),
  openYardstick: openMutexes,
};
