import type { Urls } from '../grounds/ground.js';
import type { Locker } from '../library.js';
import { openYardstick } from './yardstick.js';

/** The yardstick on all servers at once, none of which may fail: what a quorum costs at least. */
export async function openQuorumYardstick(urls: Urls): Promise<Locker> {
  const nodes = await Promise.all(urls.map((url) => openYardstick([url])));
  return {
    async acquire(key, waitMs) {
      const releases = await Promise.all(nodes.map((node) => node.acquire(key, waitMs)));
      return () => Promise.all(releases.map((release) => release()));
    },
    ping: () => Promise.all(nodes.map(async (node) => node.ping?.())),
    close: async () => void (await Promise.all(nodes.map((node) => node.close()))),
  };
}
