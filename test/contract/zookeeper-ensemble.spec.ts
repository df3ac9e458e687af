import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { zookeeperStore } from '../../lib/stores/zookeeper/index.js';
import { describeLockStore } from '../../lib/testing/index.js';
import { ZooKeeperEnsemble } from '../support/zookeeper-ensemble.js';

/** Three servers: each client is at one of them, and sees what was done at another one a little later. */
let ensemble: ZooKeeperEnsemble;

beforeAll(async () => {
  ensemble = await ZooKeeperEnsemble.start({ settings: { maxSessionTimeout: 60_000 } });
});
afterAll(async () => {
  await ensemble?.stop();
});

const connect = (): string => ensemble.addresses.map(({ host, port }) => `${host}:${port}`).join(',');
const close = async (): Promise<void> => undefined;

describeLockStore(
  'zookeeper, three servers',
  { open: async () => zookeeperStore({ connect: connect() }), close },
  { describe, it },
);
