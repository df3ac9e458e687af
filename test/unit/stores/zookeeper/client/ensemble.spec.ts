import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ZooKeeperClient } from '../../../../../lib/stores/zookeeper/client/index.js';
import { systemClock } from '../../../../../lib/util/clock.js';
import { until } from '../../../../support/until.js';
import { newZooKeeperClient, type TestClient } from '../../../../support/zookeeper-client.js';
import { ZooKeeperEnsemble } from '../../../../support/zookeeper-ensemble.js';
import { ZooKeeperProxy } from '../../../../support/zookeeper-proxy.js';
import type { ZooKeeperServer } from '../../../../support/zookeeper-server.js';

const NOTHING = Buffer.alloc(0);

let ensemble: ZooKeeperEnsemble;
/** What a follower says to a leader, and hears from it, goes through these; by who speaks. */
let between: Map<number, ZooKeeperProxy[]>;
let open: ZooKeeperClient[] = [];

beforeAll(async () => {
  between = new Map([1, 2, 3].map((id) => [id, []]));
  ensemble = await ZooKeeperEnsemble.start({
    // A server that hears nothing of its leader goes on for ten ticks.
    settings: { syncLimit: 10 },
    portBetween: async (from, _, port) => {
      const proxy = await ZooKeeperProxy.start(port, true);
      between.get(from)!.push(proxy);
      return proxy.port;
    },
  });
});
beforeEach(async () => {
  await ensemble.isWhole();
});
afterEach(async () => {
  await Promise.all(open.map((client) => client.close()));
  open = [];
});
afterAll(async () => {
  await ensemble.stop();
  await Promise.all([...between.values()].flat().map((proxy) => proxy.stop()));
});

async function connected(servers: readonly ZooKeeperServer[], sessionMs = 10_000): Promise<TestClient> {
  const one = newZooKeeperClient(
    servers.map(({ port }) => port),
    { sessionMs },
  );
  open.push(one.client);
  await one.client.connect();
  return one;
}

describe('an ensemble', () => {
  it('has one leader, and two that follow', async () => {
    const leader = await ensemble.leader();
    expect(await ensemble.followers()).toHaveLength(2);
    expect(await ensemble.followers()).not.toContain(leader);
  });

  it('whose leader is killed goes on with the session, its nodes and its watches', async () => {
    const one = await connected(ensemble.servers);
    const leader = await ensemble.leader();
    const { path, stat } = await one.client.create('/mine-', NOTHING, 'ephemeral-sequential');
    await one.client.create('/watched', NOTHING, 'ephemeral');
    const seen: string[] = [];
    await one.client.exists('/watched', ({ kind }) => seen.push(kind));
    await leader.kill();
    await until('another leads', async () => {
      await one.client.connect();
      return one.client.sync('/').then(
        () => true,
        () => false,
      );
    });
    expect(await one.client.exists(path)).toEqual(stat);
    const next = await one.client.create('/mine-', NOTHING, 'ephemeral-sequential');
    expect(next.stat.czxid > stat.czxid).toBe(true);
    await one.client.remove('/watched');
    await one.client.sync('/');
    expect(seen).toEqual(['deleted']);
    const isNew = one.events.map((event) => event.kind === 'connected' && event.isNewSession);
    expect(isNew.filter(Boolean)).toHaveLength(1);
    expect(one.kinds()).not.toContain('expired');
    await leader.restart();
  });

  it('whose server is paused sends the session to another', async () => {
    const [silent, good] = await ensemble.followers();
    const one = await connected([silent!], 3_000);
    await one.client.close();
    const both = await connected([silent!, good!], 3_000);
    const { path } = await both.client.create('/mine-', NOTHING, 'ephemeral-sequential');
    const isOn = async (server: ZooKeeperServer) =>
      ((await server.word('cons')) ?? '').includes(both.client.sessionId.toString(16));
    const current = (await isOn(silent!)) ? silent! : good!;
    current.pause();
    try {
      await until(
        'it is connected to the other',
        () => both.kinds().join(' ') === 'connected disconnected connected',
      );
      expect(await both.client.exists(path)).toBeDefined();
    } finally {
      current.resume();
    }
  });

  it('without a majority opens no session, says so in time, and goes on with the old ones later', async () => {
    const one = await connected(ensemble.servers);
    const { path } = await one.client.create('/mine-', NOTHING, 'ephemeral-sequential');
    const leader = await ensemble.leader();
    const [follower, last] = await ensemble.followers();
    await Promise.all([leader.kill(), follower!.kill()]);
    await until('it is told', () => one.kinds().includes('disconnected'));
    const late = newZooKeeperClient([last!.port], { connectMs: 300 });
    await expect(late.client.connect()).rejects.toMatchObject({ code: 'NO_SERVER', isTransient: true });
    await late.client.close();
    await Promise.all([leader.relaunch(), follower!.relaunch()]);
    await one.client.connect();
    expect((await one.client.exists(path))?.ephemeralOwner).toBe(one.client.sessionId);
  });

  it('is not believed in by who is with a server that was cut off from it, longer than it believes in him', async () => {
    const [alone] = await ensemble.followers();
    const leader = await ensemble.leader();
    const one = await connected([alone!], 1_000);
    const admin = await connected([leader], 10_000);
    const { path } = await one.client.create('/mine-', NOTHING, 'ephemeral-sequential');
    const order: string[] = [];
    await admin.client.exists(path, () => order.push('given away'));
    const proxies = between.get(ensemble.servers.indexOf(alone!) + 1)!;
    for (const proxy of proxies) proxy.swallow('toServer', 'toClient');
    try {
      await until('nobody believes in it', () => systemClock.nowMs() > one.client.aliveUntilMs);
      order.push('believed no more');
      await until('it is given away', () => order.length === 2);
      expect(order).toEqual(['believed no more', 'given away']);
    } finally {
      for (const proxy of proxies) proxy.flow();
    }
  });
});
