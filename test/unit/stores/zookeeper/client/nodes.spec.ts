import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type {
  Watcher,
  WatchEvent,
  ZooKeeperClient,
} from '../../../../../lib/stores/zookeeper/client/index.js';
import { until } from '../../../../support/until.js';
import { newZooKeeperClient } from '../../../../support/zookeeper-client.js';
import { ZooKeeperServer } from '../../../../support/zookeeper-server.js';

const NOTHING = Buffer.alloc(0);

let server: ZooKeeperServer;
let open: ZooKeeperClient[] = [];
beforeAll(async () => {
  server = await ZooKeeperServer.start();
});
afterEach(async () => {
  await Promise.all(open.map((client) => client.close()));
  open = [];
});
afterAll(async () => {
  await server.stop();
});

async function connected(options: Parameters<typeof newZooKeeperClient>[1] = {}): Promise<ZooKeeperClient> {
  const { client } = newZooKeeperClient([server.port], options);
  open.push(client);
  await client.connect();
  return client;
}

/** A node of the test's own. */
let root: string;
let tests = 0;
let client: ZooKeeperClient;
beforeEach(async () => {
  client = await connected();
  root = `/test-${++tests}`;
  await client.create(root, NOTHING, 'persistent');
});

describe('a node', () => {
  it('is made, found, read, changed and removed', async () => {
    const path = `${root}/ñode`;
    const made = await client.create(path, Buffer.from('one'), 'persistent');
    expect(made).toMatchObject({ path, stat: { version: 0, ephemeralOwner: 0n, numChildren: 0 } });
    expect(await client.exists(path)).toEqual(made.stat);
    expect((await client.data(path)).data.toString()).toBe('one');
    expect(await client.set(path, Buffer.from('two'), 0)).toMatchObject({
      version: 1,
      czxid: made.stat.czxid,
    });
    const { data, stat } = await client.data(path);
    expect([data.toString(), stat.version, stat.mzxid > stat.czxid]).toEqual(['two', 1, true]);
    const { names, stat: above } = await client.children(root);
    expect([names, above.numChildren, above.pzxid]).toEqual([['ñode'], 1, made.stat.czxid]);
    await client.remove(path);
    expect(await client.exists(path)).toBeUndefined();
  });

  it('keeps data that is empty', async () => {
    await client.create(`${root}/empty`, NOTHING, 'persistent');
    expect((await client.data(`${root}/empty`)).data).toEqual(NOTHING);
  });
});
