import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { zookeeperStore } from '../../lib/stores/zookeeper/index.js';
import { describeLockStore } from '../../lib/testing/index.js';
import { ZooKeeperServer } from '../support/zookeeper-server.js';

/** On the servers that ZOOKEEPER_CONNECT names, else on one of its own. */
let server: ZooKeeperServer | undefined;
const connect = (): string => process.env['ZOOKEEPER_CONNECT'] ?? `127.0.0.1:${server!.port}`;

beforeAll(async () => {
  if (process.env['ZOOKEEPER_CONNECT'] === undefined) {
    // So that no session ends while another client of the same process is at work.
    server = await ZooKeeperServer.start({ settings: { maxSessionTimeout: 60_000 } });
  }
});
afterAll(async () => {
  await server?.stop();
});

const close = async (): Promise<void> => undefined;

describeLockStore(
  'zookeeper',
  { open: async () => zookeeperStore({ connect: connect() }), close },
  { describe, it },
);
