import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LockRuntime } from '../../lib/core/lock-runtime.js';
import { storeFromUrl } from '../../lib/url/index.js';
import { CliProgram } from '../support/cli-program.js';
import { RedisCluster } from '../support/redis-cluster.js';
import { RedisSentinel } from '../support/redis-sentinel.js';
import { until } from '../support/until.js';

const KEYS = Array.from({ length: 12 }, (_, index) => `vote:${index}`);

let program: CliProgram;
let cluster: RedisCluster;
let sentinel: RedisSentinel;
const urls = new Map<string, string>();

const listOf = (nodes: readonly { host: string; port: number }[]): string =>
  nodes.map(({ host, port }) => `${host}:${port}`).join(',');

beforeAll(async () => {
  program = CliProgram.build();
  [cluster, sentinel] = await Promise.all([RedisCluster.start({ replicasEach: 0 }), RedisSentinel.start()]);
  const { sentinels, name } = sentinel.connection;
  urls.set('sentinel', `redis+sentinel://${listOf(sentinels)}/${name}`);
  urls.set('cluster', `redis+cluster://${listOf(cluster.connection.nodes.slice(0, 1))}`);
});
afterAll(async () => {
  await Promise.all([cluster.stop(), sentinel.stop()]);
  program.remove();
});

describe.each(['sentinel', 'cluster'])('on a Redis %s, the program', (kind) => {
  it('shows what lies on any of its servers, and takes a lock away', async () => {
    const url = urls.get(kind)!;
    const options = { waitMs: 10_000, watchdogMs: 10_000, shutdownMs: 100 };
    const holder = new LockRuntime({ ...options, store: await storeFromUrl(url), namespace: 'lock' });
    await holder.start();
    const locks = await Promise.all(KEYS.map((key) => holder.acquire(key)));
    const { status, out, err } = await program.run('inspect', url, 'vote:*', '--json');
    expect([status, err]).toEqual([0, '']);
    const { keys } = JSON.parse(out) as { keys: { key: string; holders: { owner: string }[] }[] };
    expect(new Map(keys.map(({ key, holders }) => [key, holders[0]!.owner]))).toEqual(
      new Map(locks.map(({ key, owner }) => [key, owner])),
    );
    expect(await program.run('release', url, 'vote:3', '--yes')).toMatchObject({ status: 0, err: '' });
    await until('the holder knows', () => locks[3]!.signal.aborted);
    await holder.shutdown();
  });
});
