import { setTimeout as sleep } from 'node:timers/promises';
import type { Locker, Release } from '../library.js';
import type { Part } from './workload.js';

/** What many keys leave behind in the process. */
export interface Footprint {
  readonly grownBytes: number;
}

/** What held locks cost the process meanwhile. */
export interface Renewals {
  readonly cpuMs: number;
}

const IN_FLIGHT = 256;
const WAIT_MS = 10_000;
/** Before the heap is looked at for the first time: code is compiled, pools are filled. */
const WARM_UP_KEYS = 5_000;

interface Order {
  readonly key: string;
}

async function useEach(locker: Locker, count: number, keyOf: (index: number) => string): Promise<void> {
  let next = 0;
  const one = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      await (
        await locker.acquire(keyOf(index), WAIT_MS)
      )();
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, one));
}

async function heapInUse(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    globalThis.gc?.();
    await sleep(20);
  }
  return process.memoryUsage().heapUsed;
}

/** What is held and what is used once. */
export function footprintParts(): Record<'many' | 'hold' | 'watch' | 'letGo', Part> {
  const held: Release[] = [];
  return {
    async many({ locker }, { key, keys }: Order & { keys: number }): Promise<Footprint> {
      await useEach(locker, Math.min(WARM_UP_KEYS, keys), (index) => `${key}:warm:${index}`);
      const before = await heapInUse();
      await useEach(locker, keys, (index) => `${key}:once:${index}`);
      return { grownBytes: (await heapInUse()) - before };
    },
    async hold({ locker }, { key, locks }: Order & { locks: number }) {
      let next = 0;
      const one = async (): Promise<void> => {
        for (let index = next++; index < locks; index = next++) {
          held.push(await locker.acquire(`${key}:held:${index}`, WAIT_MS));
        }
      };
      await Promise.all(Array.from({ length: IN_FLIGHT }, one));
    },
    async watch(_scene, { forMs }: { forMs: number }): Promise<Renewals> {
      const before = process.cpuUsage();
      await sleep(forMs);
      const { user, system } = process.cpuUsage(before);
      return { cpuMs: (user + system) / 1_000 };
    },
    letGo: async () => void (await Promise.all(held.splice(0).map((release) => release()))),
  };
}
