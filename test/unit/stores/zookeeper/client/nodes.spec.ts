import { Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type ZooKeeperClient, ZooKeeperError } from '../../../../../lib/stores/zookeeper/client/index.js';
import { until } from '../../../../support/until.js';
import { newZooKeeperClient } from '../../../../support/zookeeper-client.js';
import { OPERATIONS, ZooKeeperProxy } from '../../../../support/zookeeper-proxy.js';
import { ZooKeeperServer } from '../../../../support/zookeeper-server.js';

const NOTHING = Buffer.alloc(0);

let server: ZooKeeperServer;
let open: ZooKeeperClient[] = [];
beforeAll(async () => {
  server = await ZooKeeperServer.start();
});
afterAll(async () => {
  await server.stop();
});

async function connected(options: Parameters<typeof newZooKeeperClient>[1] = {}, port = server.port) {
  const { client } = newZooKeeperClient([port], options);
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
afterEach(async () => {
  await Promise.all(open.map((one) => one.close()));
  open = [];
});

const failureOf = (request: Promise<unknown>): Promise<ZooKeeperError> =>
  request.then(
    () => {
      throw new Error('It did not fail.');
    },
    (error: unknown) => {
      expect(error).toBeInstanceOf(ZooKeeperError);
      return error as ZooKeeperError;
    },
  );

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

  it('that is sequential has a number in its name, and a transaction that grows with it', async () => {
    const make = () => client.create(`${root}/a-`, NOTHING, 'ephemeral-sequential');
    const [first, second] = await Promise.all([make(), make()]);
    expect([first.path, second.path]).toEqual([`${root}/a-0000000000`, `${root}/a-0000000001`]);
    expect(second.stat.czxid > first.stat.czxid).toBe(true);
    const kept = await client.create(`${root}/b-`, NOTHING, 'persistent-sequential');
    expect([kept.path, kept.stat.ephemeralOwner]).toEqual([`${root}/b-0000000002`, 0n]);
  });

  it('that is ephemeral is its session’s, and gone when the session is closed', async () => {
    const other = await connected();
    const { stat } = await other.create(`${root}/mine`, NOTHING, 'ephemeral');
    expect([stat.ephemeralOwner, other.sessionId !== client.sessionId]).toEqual([other.sessionId, true]);
    expect((await client.exists(`${root}/mine`))?.ephemeralOwner).toBe(other.sessionId);
    await other.close();
    await client.sync(root);
    expect(await client.exists(`${root}/mine`)).toBeUndefined();
  });

  it('that is a container is removed by the server after its last child', async () => {
    const path = `${root}/container`;
    await client.create(path, NOTHING, 'container');
    await client.create(`${path}/child`, NOTHING, 'persistent');
    const events: string[] = [];
    await client.exists(path, ({ kind }) => events.push(kind));
    await client.remove(`${path}/child`);
    await until('the container is removed', () => events.length > 0);
    expect(events).toEqual(['deleted']);
    expect(await client.exists(path)).toBeUndefined();
  });
});

describe('several steps', () => {
  it('are done together, and each tells what it did', async () => {
    await client.create(`${root}/old`, NOTHING, 'persistent');
    const [made, changed, ...others] = await client.multi([
      { kind: 'create', path: `${root}/n-`, data: Buffer.from('x'), mode: 'ephemeral-sequential' },
      { kind: 'set', path: root, data: Buffer.from('y') },
      { kind: 'check', path: `${root}/old`, version: 0 },
      { kind: 'remove', path: `${root}/old` },
      { kind: 'create', path: `${root}/box`, data: NOTHING, mode: 'container' },
    ]);
    expect(made?.path).toBe(`${root}/n-0000000001`);
    const stat = await client.exists(made!.path!);
    expect([stat?.ephemeralOwner, changed?.stat?.version]).toEqual([client.sessionId, 1]);
    expect(others).toEqual([{}, {}, { path: `${root}/box`, stat: expect.anything() }]);
    expect(changed?.stat?.mzxid).toBe(stat?.czxid);
    expect([...(await client.children(root)).names].sort()).toEqual(['box', 'n-0000000001']);
  });

  it('are not done where one of them cannot be', async () => {
    const steps = client.multi([
      { kind: 'create', path: `${root}/a`, data: NOTHING, mode: 'persistent' },
      { kind: 'remove', path: `${root}/none` },
      { kind: 'create', path: `${root}/b`, data: NOTHING, mode: 'persistent' },
    ]);
    expect(await failureOf(steps)).toMatchObject({ code: 'NO_NODE', path: `${root}/none` });
    expect((await client.children(root)).names).toEqual([]);
  });

  it('that are none are done', async () => {
    expect(await client.multi([])).toEqual([]);
  });
});

describe('a request that the server refuses', () => {
  beforeEach(async () => {
    await client.create(`${root}/there`, NOTHING, 'persistent');
  });

  it.each<[string, string, () => Promise<unknown>]>([
    ['NO_NODE', '/none', () => client.remove(`${root}/none`)],
    ['NO_NODE', '/none', () => client.children(`${root}/none`)],
    ['NO_NODE', '/none', () => client.data(`${root}/none`)],
    ['NO_NODE', '/none/x', () => client.create(`${root}/none/x`, NOTHING, 'ephemeral')],
    ['NODE_EXISTS', '/there', () => client.create(`${root}/there`, NOTHING, 'ephemeral')],
    ['NODE_EXISTS', '/there', () => client.create(`${root}/there`, NOTHING, 'container')],
    ['NOT_EMPTY', '', () => client.remove(root)],
    ['BAD_VERSION', '/there', () => client.remove(`${root}/there`, 7)],
    ['BAD_VERSION', '/there', () => client.set(`${root}/there`, NOTHING, 7)],
    ['OTHER', 'no path', () => client.create('no path', NOTHING, 'persistent')],
  ])('says %s about "%s", and what it was', async (code, path, request) => {
    const error = await failureOf(request());
    expect(error).toMatchObject({ code, isTransient: false, path: path === 'no path' ? path : root + path });
    expect(error.message).toContain(JSON.stringify(error.path));
    expect(client.isConnected).toBe(true);
  });
});

describe('requests of one tick', () => {
  it('go out in one write, and are done in their order', async () => {
    const write = jest.spyOn(Socket.prototype, 'write');
    try {
      const requests = [
        client.create(`${root}/a`, NOTHING, 'ephemeral'),
        client.children(root),
        client.remove(`${root}/a`),
      ];
      const [made, listed] = await Promise.all(requests);
      expect([made, listed]).toMatchObject([{ path: `${root}/a` }, { names: ['a'] }]);
      const written = write.mock.calls.map(([frames]) => operationsOf(frames as Buffer));
      const { create, children, remove } = OPERATIONS;
      expect(written).toEqual([[create, children, remove]]);
    } finally {
      write.mockRestore();
    }
  });
});

/** Of each frame in what was written. */
function operationsOf(frames: Buffer): number[] {
  const operations = [];
  for (let at = 0; at < frames.length; at += 4 + frames.readInt32BE(at)) {
    operations.push(frames.readInt32BE(at + 8));
  }
  return operations;
}

describe('a chroot', () => {
  it('is made with what is above it, and nobody sees it from within', async () => {
    const within = await connected({ chroot: `${root}/a/b` });
    expect(await within.create('/x', Buffer.from('1'), 'persistent')).toMatchObject({ path: '/x' });
    expect((await within.children('/')).names).toEqual(['x']);
    expect((await client.data(`${root}/a/b/x`)).data.toString()).toBe('1');
    expect(await failureOf(within.remove('/none'))).toMatchObject({ code: 'NO_NODE', path: '/none' });
    const seen: unknown[] = [];
    await within.exists('/x', (event) => seen.push(event));
    await within.children('/', (event) => seen.push(event));
    expect(
      await within.multi([
        { kind: 'create', path: '/y', data: NOTHING, mode: 'persistent' },
        { kind: 'remove', path: '/x' },
      ]),
    ).toMatchObject([{ path: '/y' }, {}]);
    await within.sync('/');
    expect(seen).toEqual(
      expect.arrayContaining([
        { kind: 'children', path: '/' },
        { kind: 'deleted', path: '/x' },
      ]),
    );
    expect(seen).toHaveLength(2);
  });

  it('may be there, and may end in a slash', async () => {
    const within = await connected({ chroot: `${root}/` });
    await within.create('/x', NOTHING, 'persistent');
    expect((await client.children(root)).names).toEqual(['x']);
  });
});

describe('with credentials', () => {
  const auth = { scheme: 'digest', credentials: 'me:secret: with colon' } as const;

  it('a node is for nobody else', async () => {
    const mine = await connected({ auth });
    await mine.create(`${root}/mine`, Buffer.from('x'), 'persistent');
    expect((await (await connected({ auth })).data(`${root}/mine`)).data.toString()).toBe('x');
    const wrong = await connected({ auth: { scheme: 'digest', credentials: 'me:wrong' } });
    for (const stranger of [client, wrong]) {
      const failures = [
        await failureOf(stranger.data(`${root}/mine`)),
        await failureOf(stranger.create(`${root}/mine/x`, NOTHING, 'ephemeral')),
      ];
      for (const failure of failures) {
        expect(failure).toMatchObject({ code: 'NO_AUTH', isTransient: false });
        expect(failure.message).toContain('Check the credentials');
      }
    }
  });

  it('steps make nodes for nobody else either', async () => {
    const mine = await connected({ auth });
    await mine.multi([{ kind: 'create', path: `${root}/m`, data: NOTHING, mode: 'persistent' }]);
    expect(await failureOf(client.children(`${root}/m`))).toMatchObject({ code: 'NO_AUTH' });
  });

  it('still is who it was after another connection', async () => {
    const proxy = await ZooKeeperProxy.start(server.port);
    try {
      const mine = await connected({ auth }, proxy.port);
      await mine.create(`${root}/mine`, NOTHING, 'persistent');
      const { accepted } = proxy;
      proxy.cut();
      await until('it connects again', () => proxy.accepted > accepted);
      await mine.connect();
      await mine.create(`${root}/mine/x`, NOTHING, 'ephemeral');
      expect((await mine.children(`${root}/mine`)).names).toEqual(['x']);
    } finally {
      await proxy.stop();
    }
  });
});

describe('without credentials', () => {
  it('a node is everybody’s', async () => {
    await client.create(`${root}/ours`, NOTHING, 'persistent');
    await (await connected()).remove(`${root}/ours`);
    expect(await client.exists(`${root}/ours`)).toBeUndefined();
  });
});
