import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Change, FailoverPlay, RENEWAL_PERIOD_MS, stateKeyOf } from '../support/failover-play.js';
import { RedisSentinel } from '../support/redis-sentinel.js';
import { until } from '../support/until.js';

/** Fail-overs under load, by three sentinels over a master and two replicas. */

/** What a busy machine may add to what is measured. */
const MARGIN_MS = 500;

let trio: RedisSentinel;
let play: FailoverPlay;
let keys = 0;

beforeEach(async () => {
  trio = await RedisSentinel.start({ replicas: 2 });
  const [master, replicas] = [await trio.master(), await trio.replicas()];
  play = new FailoverPlay({
    connection: trio.connection,
    master,
    replicas,
    replaced: () => trio.replaced(master),
    newKey: () => `key-${++keys}`,
  });
});
afterEach(async () => {
  await play.close();
  await trio.stop();
});

describe('a master under load', () => {
  it.each<[string, Change, Change]>([
    ['is killed, and comes back as a replica', (master) => master.kill(), (old) => old.restart()],
    ['stands still until it is replaced, and is a replica then', (it) => it.pause(), (old) => old.resume()],
  ])('that %s', async (_, lose, comeBack) => {
    const { believers } = play;
    const kept = await (await play.client('plain')).acquire('kept');
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

  it('that is replaced by hand is written to no more, though it still says that it is the master', async () => {
    const client = await play.client('plain');
    const old = await trio.master();
    const master = await trio.failover();
    await until('the new master grants', async () => {
      const key = `key-${++keys}`;
      const lock = await client.acquire(key);
      const isThere = (await master.admin.exists(stateKeyOf(key))) === 1;
      await lock.release();
      return isThere;
    });
    expect(((await old.admin.call('ROLE')) as string[])[0]).toBe('master');
  });

  it('is found again by everybody where a sentinel went with it, which is asked first and never answers', async () => {
    const clients = await Promise.all([1, 2, 3].map(() => play.client('plain')));
    const master = await trio.master();
    trio.pauseFirstSentinel();
    await master.kill();
    await trio.replaced(master);
    for (const client of clients) {
      const lock = await client.acquire(`key-${++keys}`);
      expect(lock.isHeld).toBe(true);
      await lock.release();
    }
    trio.resumeFirstSentinel();
  });
});
