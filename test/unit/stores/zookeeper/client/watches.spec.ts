import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type {
  Watcher,
  WatchEvent,
  ZooKeeperClient,
} from '../../../../../lib/stores/zookeeper/client/index.js';
import { Watches } from '../../../../../lib/stores/zookeeper/client/watches.js';
import { until } from '../../../../support/until.js';
import { newZooKeeperClient, type TestClient } from '../../../../support/zookeeper-client.js';
import { OPERATIONS, ZooKeeperProxy } from '../../../../support/zookeeper-proxy.js';
import { ZooKeeperServer } from '../../../../support/zookeeper-server.js';

const NOTHING = Buffer.alloc(0);

let server: ZooKeeperServer;
let proxy: ZooKeeperProxy;
beforeAll(async () => {
  server = await ZooKeeperServer.start();
});
afterAll(async () => {
  await server.stop();
});

/** Who changes things, on a connection of its own, and who watches them, through the proxy. */
let actor: ZooKeeperClient;
let watching: TestClient;
let watcher: ZooKeeperClient;
let root: string;
let tests = 0;
let seen: string[];
/** A new watcher, which notes what it saw under a name. */
const note =
  (name: string): Watcher =>
  ({ kind, path }: WatchEvent) =>
    seen.push(`${name}: ${kind} ${path.slice(root.length) || '/'}`);

beforeEach(async () => {
  proxy = await ZooKeeperProxy.start(server.port);
  actor = newZooKeeperClient([server.port]).client;
  watching = newZooKeeperClient([proxy.port]);
  watcher = watching.client;
  await Promise.all([actor.connect(), watcher.connect()]);
  root = `/test-${++tests}`;
  seen = [];
  await actor.create(root, NOTHING, 'persistent');
});
afterEach(async () => {
  await Promise.all([actor.close(), watcher.close()]);
  await proxy.stop();
  // They go with the connection, which the server ends after it has answered.
  await until('the server watches nothing', async () => (await watchesNow()) === 0);
});

const make = (name: string) => actor.create(`${root}/${name}`, NOTHING, 'persistent');
const remove = (name: string) => actor.remove(`${root}/${name}`);
const change = (name: string) => actor.set(`${root}/${name}`, NOTHING);
/** Whatever was done before is seen now. */
const seenByNow = async () => {
  await watcher.sync(root);
  return seen;
};
const watchesNow = async () => (await server.counts()).watches;
/** As the server tells of them. */
const watchedPaths = async () =>
  [...((await server.word('wchp')) ?? '').matchAll(/^(\/\S+)$/gm)].map(([path]) => path).sort();

describe('a watch', () => {
  it('on a node sees it removed, once', async () => {
    await make('a');
    await watcher.exists(`${root}/a`, note('w'));
    await remove('a');
    await make('a');
    expect(await seenByNow()).toEqual(['w: deleted /a']);
  });

  it('on a node sees it changed', async () => {
    await make('a');
    await watcher.data(`${root}/a`, note('w'));
    await change('a');
    await change('a');
    expect(await seenByNow()).toEqual(['w: changed /a']);
  });

  it('on a node that is missing sees it made', async () => {
    expect(await watcher.exists(`${root}/a`, note('w'))).toBeUndefined();
    await make('a');
    expect(await seenByNow()).toEqual(['w: created /a']);
  });

  it('on children sees one come, one go, and the node itself removed', async () => {
    for (const act of [() => make('a'), () => remove('a'), () => actor.remove(root)]) {
      await watcher.children(root, note('w'));
      await act();
    }
    await watcher.sync('/');
    expect(seen).toEqual(['w: children /', 'w: children /', 'w: deleted /']);
  });

  it('on the data and the children of one node tells each that it was removed, once', async () => {
    await make('a');
    await watcher.children(`${root}/a`, note('children'));
    await watcher.exists(`${root}/a`, note('exists'));
    await watcher.data(`${root}/a`, note('data'));
    await remove('a');
    expect([...(await seenByNow())].sort()).toEqual([
      'children: deleted /a',
      'data: deleted /a',
      'exists: deleted /a',
    ]);
  });

  it('is set once for a function that is given twice', async () => {
    await make('a');
    const both = note('w');
    await Promise.all([watcher.exists(`${root}/a`, both), watcher.exists(`${root}/a`, both)]);
    await remove('a');
    expect(await seenByNow()).toEqual(['w: deleted /a']);
  });

  it('is not set where the request failed', async () => {
    await expect(watcher.children(`${root}/a`, note('w'))).rejects.toMatchObject({ code: 'NO_NODE' });
    await expect(watcher.data(`${root}/a`, note('w'))).rejects.toMatchObject({ code: 'NO_NODE' });
    await make('a');
    expect(await seenByNow()).toEqual([]);
    expect(await watchesNow()).toBe(0);
  });

  it('comes before any answer that knows of what it saw', async () => {
    await make('a');
    const order: string[] = [];
    await watcher.exists(`${root}/a`, () => order.push('event'));
    await remove('a');
    await watcher.exists(`${root}/a`).then((stat) => order.push(stat ? 'there' : 'not there'));
    expect(order).toEqual(['event', 'not there']);
  });
});

describe('a watcher that is taken off', () => {
  it('is not called, and the server forgets it', async () => {
    await make('a');
    const [exists, data, children, absent] = ['exists', 'data', 'children', 'absent'].map(note);
    await Promise.all([
      watcher.exists(`${root}/a`, exists),
      watcher.data(`${root}/a`, data),
      watcher.children(`${root}/a`, children),
      watcher.exists(`${root}/none`, absent),
    ]);
    expect(await watchesNow()).toBe(3);
    await watcher.unwatch(`${root}/a`, exists!);
    expect(await watchesNow()).toBe(3);
    await watcher.unwatch(`${root}/a`, data!);
    expect(await watchesNow()).toBe(2);
    await Promise.all([watcher.unwatch(`${root}/a`, children!), watcher.unwatch(`${root}/none`, absent!)]);
    expect(await watchesNow()).toBe(0);
    await remove('a');
    await make('none');
    expect(await seenByNow()).toEqual([]);
  });

  it('leaves the others on their place', async () => {
    await make('a');
    const [gone, stays] = [note('gone'), note('stays')];
    await Promise.all([watcher.exists(`${root}/a`, gone), watcher.data(`${root}/a`, stays)]);
    await watcher.unwatch(`${root}/a`, gone);
    await remove('a');
    expect(await seenByNow()).toEqual(['stays: deleted /a']);
  });

  it('leaves alone another whose request is under way', async () => {
    await make('a');
    const [gone, stays] = [note('gone'), note('stays')];
    await watcher.exists(`${root}/a`, gone);
    await Promise.all([watcher.exists(`${root}/a`, stays), watcher.unwatch(`${root}/a`, gone)]);
    await remove('a');
    expect(await seenByNow()).toEqual(['stays: deleted /a']);
  });

  it('while its own request is under way is never set', async () => {
    await make('a');
    const gone = note('gone');
    await Promise.all([watcher.exists(`${root}/a`, gone), watcher.unwatch(`${root}/a`, gone)]);
    expect(await watchesNow()).toBe(0);
    const { accepted } = proxy;
    proxy.cut();
    await until('it connects again', () => proxy.accepted > accepted && watcher.isConnected);
    await watcher.sync(root);
    expect(await watchesNow()).toBe(0);
    await remove('a');
    expect(await seenByNow()).toEqual([]);
  });

  it('may have fired, or never have been set', async () => {
    await make('a');
    const fired = note('fired');
    await watcher.exists(`${root}/a`, fired);
    await remove('a');
    await watcher.unwatch(`${root}/a`, fired);
    await watcher.unwatch(`${root}/a`, note('never'));
    expect(watcher.isConnected).toBe(true);
  });

  it('while there is no connection is not set again', async () => {
    await make('a');
    const gone = note('gone');
    await watcher.exists(`${root}/a`, gone);
    proxy.refuse();
    proxy.cut();
    await until('it is cut', () => !watcher.isConnected);
    await watcher.unwatch(`${root}/a`, gone);
    proxy.flow();
    await watcher.connect();
    await remove('a');
    expect(await seenByNow()).toEqual([]);
  });
});

describe('after another connection', () => {
  /** Cuts the watcher off, and connects it again after something was done. */
  async function away(act: () => Promise<unknown>): Promise<void> {
    proxy.refuse();
    proxy.cut();
    await until('it is cut', () => !watcher.isConnected);
    await until('the server has noticed', async () => (await watchesNow()) === 0);
    await act();
    expect(seen).toEqual([]);
    proxy.flow();
    await watcher.connect();
    expect(watching.events.at(-1)).toEqual({ kind: 'connected', isNewSession: false });
  }

  beforeEach(async () => {
    for (const name of ['data', 'gone', 'stays', 'parent']) await make(name);
    await watcher.data(`${root}/data`, note('data'));
    await watcher.exists(`${root}/gone`, note('gone'));
    await watcher.exists(`${root}/stays`, note('stays'));
    await watcher.exists(`${root}/absent`, note('absent'));
    await watcher.exists(`${root}/late`, note('late'));
    await watcher.children(`${root}/parent`, note('parent'));
  });

  it('what changed meanwhile fires, and what did not is watched again', async () => {
    await away(async () => {
      await change('data');
      await remove('gone');
      await make('absent');
      await make('parent/child');
    });
    expect([...(await seenByNow())].sort()).toEqual([
      'absent: created /absent',
      'data: changed /data',
      'gone: deleted /gone',
      'parent: children /parent',
    ]);
    expect(await watchedPaths()).toEqual([`${root}/late`, `${root}/stays`]);
    seen = [];
    await remove('stays');
    await make('late');
    expect(await seenByNow()).toEqual(['stays: deleted /stays', 'late: created /late']);
  });

  it('nothing fires where nothing changed', async () => {
    await away(async () => undefined);
    expect(await seenByNow()).toEqual([]);
    expect(await watchesNow()).toBe(6);
    await away(async () => undefined);
    expect(await seenByNow()).toEqual([]);
    expect(await watchesNow()).toBe(6);
  });

  it('the watches are set before whatever `connected` asks', async () => {
    proxy.writes.length = 0;
    let answer: unknown;
    const listening = newZooKeeperClient([proxy.port], {
      onEvent: ({ kind }) => {
        if (kind === 'connected') answer = listening.client.exists(`${root}/stays`);
      },
    });
    await listening.client.connect();
    await listening.client.exists(`${root}/stays`, note('listening'));
    proxy.writes.length = 0;
    const { accepted } = proxy;
    proxy.cut();
    await until('it connects again', () => proxy.accepted >= accepted + 2);
    await listening.client.connect();
    await answer;
    expect(proxy.writes).toContainEqual([101, 3]);
    await listening.client.close();
  });

  it('a request whose answer was lost set no watch here; asked again, it does', async () => {
    const lost = proxy.loseReply(OPERATIONS.children);
    const request = watcher.children(root, note('again'));
    await expect(request).rejects.toMatchObject({ code: 'CONNECTION_LOSS', isTransient: true });
    await lost;
    await watcher.connect();
    await make('x');
    expect(await seenByNow()).toEqual([]);
    await watcher.children(root, note('again'));
    await make('y');
    expect(await seenByNow()).toEqual(['again: children /']);
  });

  it('more of them than fit into one frame of the server are set', async () => {
    const long = 'x'.repeat(2_000);
    const names = Array.from({ length: 700 }, (_, index) => `${long}${index}`);
    await Promise.all(names.map((name) => watcher.exists(`${root}/${name}`, note('many'))));
    proxy.writes.length = 0;
    await away(() => make(names[350]!));
    await until('it has fired', async () => (await seenByNow()).length > 0);
    expect(seen).toHaveLength(1);
    expect(await watchesNow()).toBe(6 + 699);
    expect(watching.kinds()).toEqual(['connected', 'disconnected', 'connected']);
  });
});

describe('the frames that set watches again', () => {
  it('are none where there are none', () => {
    expect(new Watches().frames(1n)).toEqual([]);
  });

  it('are cut where they become long', () => {
    const watches = new Watches();
    for (let index = 0; index < 1_000; index++) {
      const expected = {
        table: 'data',
        path: `/${'x'.repeat(1_000)}${index}`,
        watcher: () => undefined,
      } as const;
      watches.expect(expected);
      watches.settle(expected, 0, true);
    }
    const frames = watches.frames(1n);
    expect(frames.length).toBeGreaterThan(1);
    for (const frame of frames) expect(frame.length).toBeLessThan(256 * 1024);
  });
});
