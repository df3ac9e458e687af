import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Locker } from '../library.js';
import type { Urls } from '../grounds/ground.js';

const LEASE_MS = 10_000;
/** Deletes the key where it is still ours, as the documentation of Redis' SET tells one to. */
const COMPARE_AND_DELETE =
  "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end";
const SHA = createHash('sha1').update(COMPARE_AND_DELETE).digest('hex');

/** What a connection of ioredis, of any version, is asked for here. */
interface Connection {
  set(key: string, value: string, px: 'PX', ms: number, nx: 'NX'): Promise<string | null>;
  evalsha(sha: string, keys: number, ...args: string[]): Promise<unknown>;
  script(verb: 'LOAD', body: string): Promise<unknown>;
  ping(): Promise<unknown>;
  quit(): Promise<unknown>;
}

/** A lock by hand in two commands, without a line, a renewal or a fencing token: `SET NX PX`, then compare and delete. */
export async function yardstickOn(client: Connection): Promise<Locker> {
  await client.script('LOAD', COMPARE_AND_DELETE);
  const take = async (key: string, waitMs: number): Promise<string> => {
    const endMs = performance.now() + waitMs;
    const owner = randomBytes(16).toString('hex');
    for (;;) {
      if ((await client.set(key, owner, 'PX', LEASE_MS, 'NX')) === 'OK') return owner;
      if (performance.now() > endMs) throw new Error(`${key} is busy`);
      await sleep(1);
    }
  };
  return {
    async acquire(key, waitMs) {
      const owner = await take(key, waitMs);
      return () => client.evalsha(SHA, 1, key, owner);
    },
    ping: () => client.ping(),
    close: async () => void (await client.quit()),
  };
}

/** On ioredis 6, where the library does not demand another. */
export async function openYardstick([url = '']: Urls): Promise<Locker> {
  return yardstickOn(new Redis(url));
}
