import { newZooKeeperClient } from '../../test/support/zookeeper-client.js';
import type { Locker } from '../library.js';
import type { Urls } from '../grounds/ground.js';

const PARENT = '/yardstick';
const NOTHING = Buffer.alloc(0);

/** Two bare writes by the same protocol client: a node is made, and removed. */
export async function openYardstick([url = '']: Urls): Promise<Locker> {
  const { client } = newZooKeeperClient([Number(new URL(url).port)]);
  await client.connect();
  // Another process may have made it.
  await client.create(PARENT, NOTHING, 'persistent').catch(() => undefined);
  return {
    async acquire() {
      const { path } = await client.create(`${PARENT}/n-`, NOTHING, 'ephemeral-sequential');
      return () => client.remove(path);
    },
    ping: () => client.ping(),
    close: () => client.close(),
  };
}
