import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { slotOf } from '../../lib/stores/redis/cluster-slots.js';
import { redisStore, type RedisStoreOptions } from '../../lib/stores/redis/index.js';
import { type Change, FailoverPlay, RENEWAL_PERIOD_MS, stateKeyOf } from '../support/failover-play.js';
import { openSession, requestFor } from '../support/open-session.js';
import { type ClusterMember, RedisCluster } from '../support/redis-cluster.js';
import { until } from '../support/until.js';

/** Fail-overs and moves of slots under load, in a cluster of three masters with a replica each. */

/** What a busy machine may add to what is measured. */
const MARGIN_MS = 500;

let cluster: RedisCluster;
let victim: ClusterMember;
let play: FailoverPlay;
let keys = 0;

/** Keys that lie on the master that will go. */
let slots: (slot: number) => boolean;

beforeEach(async () => {
  cluster = await RedisCluster.start();
  victim = await cluster.masterOf(0);
  const [from, to] = await cluster.rangeOf(0);
  slots = (slot) => from <= slot && slot <= to;
  play = new FailoverPlay({
    connection: cluster.connection,
    master: victim.server,
    replicas: await cluster.replicasOf(victim),
    replaced: () => cluster.replaced(victim, 0),
    newKey: () => newKey(true),
  });
});
afterEach(async () => {
  await play.close();
  await cluster.stop();
});

function newKey(isVictims: boolean): string {
  for (;;) {
    const key = `key-${++keys}`;
    if (slots(slotOf(stateKeyOf(key))) === isVictims) return key;
  }
}

describe('a master of a cluster under load', () => {
  it.each<[string, Change, Change]>([
    ['is killed, and comes back as a replica', (master) => master.kill(), (old) => old.restart()],
    ['stands still until it is replaced, and is a replica then', (it) => it.pause(), (old) => old.resume()],
  ])('that %s', async (_, lose, comeBack) => {
    const { believers } = play;
    const keeper = await play.client('plain');
    const kept = await keeper.acquire([newKey(true), newKey(false), newKey(false)]);
    await play.load();
    const lost = await play.lose(lose);
    await play.progress('plain');
    await lost.comeBack(comeBack);
    await believers.end();
    expect(kept.isHeld).toBe(true);
    await kept.release();
    expect(believers.violations('other')).toEqual([]);
    // Where the holder was not told before the next was granted, both believed for a while; nobody else ever did.
    for (const { key, ms } of believers.overlapsMs()) {
      expect(key).toBe(lost.unheard);
      expect(ms).toBeLessThan(RENEWAL_PERIOD_MS + MARGIN_MS);
    }
  });

  it('gives its slots away one by one, with all that is held and waited for', async () => {
    const { believers } = play;
    await play.load();
    const target = await cluster.otherMaster(victim);
    for (const key of play.usedKeys) {
      const move = await cluster.beginMove(slotOf(stateKeyOf(key)), target);
      await move.finish();
      await play.progress('plain');
      await play.progress('acknowledged');
    }
    await believers.end();
    expect([...believers.violations('overlap'), ...believers.violations('other')]).toEqual([]);
  });
});

describe('who lists the keys', () => {
  it('is told them by the successor of a master that was lost', async () => {
    const session = await openSession(redisStore(cluster.connection as RedisStoreOptions));
    const names = async (): Promise<string[]> => {
      const keys: string[] = [];
      let from: string | undefined;
      do {
        const page = await session.list!({ prefix: 'fail:key-', from, most: 100 });
        keys.push(...page.keys);
        from = page.next;
      } while (from !== undefined);
      return keys.toSorted();
    };
    // Under the namespace by which the keys were chosen.
    const held = [newKey(true), newKey(false)].map((key) => `fail:${key}`).toSorted();
    for (const key of held) await session.acquire(requestFor(key, { leaseMs: 60_000 }));
    expect(await names()).toEqual(held);
    const [replica] = await cluster.replicasOf(victim);
    await until('its replica has the key', async () => (await replica!.admin.dbsize()) > 0);
    await victim.server.kill();
    await cluster.replaced(victim, 0);
    // Nothing else is asked, which could tell that the master is gone.
    await until('the list is whole again', async () => {
      const found = await names().catch(() => []);
      return found.length === held.length;
    });
    await session.close();
  });
});
