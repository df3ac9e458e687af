import { Mutex } from 'async-mutex';
import type { Library, Locker } from '../library.js';

/** A mutex for each key. */
export async function openMutexes(): Promise<Locker> {
  const mutexes = new Map<string, Mutex>();
  return {
    acquire(key) {
      const mutex = mutexes.get(key) ?? new Mutex();
      mutexes.set(key, mutex);
      return mutex.acquire();
    },
    close: async () => undefined,
  };
}

/** What one process can do that asks nobody else. */
export const library: Library = {
  name: 'async-mutex',
  npmPackage: 'async-mutex',
  role: 'limit',
  ground: 'memory',
  open: openMutexes,
  openYardstick: openMutexes,
};
