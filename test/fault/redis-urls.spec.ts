import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Certificates } from '../support/certificates.js';
import { ClientProcess } from '../support/client-process.js';
import { ClientProgram } from '../support/client-program.js';
import { RedisCluster } from '../support/redis-cluster.js';
import { RedisSentinel } from '../support/redis-sentinel.js';
import type { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';

/** Processes that know no more of their servers than a URL. */

const PASSWORD = 'p@s,s/w+d';
const SENTINEL_PASSWORD = 's&c+r%t';

let program: ClientProgram;
let certificates: Certificates;
const clients: ClientProcess[] = [];
const stops: (() => Promise<void>)[] = [];

beforeAll(() => {
  program = ClientProgram.build();
  certificates = Certificates.make();
  program.trust(certificates.ca);
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.kill()));
  await Promise.all(stops.splice(0).map((stop) => stop()));
});
afterAll(() => {
  program.remove();
  certificates.remove();
});

async function start(url: string): Promise<ClientProcess> {
  const client = await ClientProcess.start(program, url);
  clients.push(client);
  return client;
}

/** A hand-over from one process to another. */
async function handOver(url: string, key: string): Promise<void> {
  const [a, b] = await Promise.all([start(url), start(url)]);
  const before = await a.acquire(key);
  const waiting = b.acquire(key);
  await a.ask('release', key);
  expect((await waiting).token).toBeGreaterThan(before.token);
}

async function addUser(servers: readonly RedisServer[]): Promise<void> {
  for (const { admin } of servers) {
    await admin.call('ACL', 'SETUSER', 'app', 'on', `>${PASSWORD}`, '~*', '&*', '+@all');
  }
}

const hostsOf = (nodes: readonly { host: string; port: number }[]): string =>
  nodes.map(({ host, port }) => `${host}:${port}`).join();

describe.each([
  ['in plain text', 'redis', () => ({})],
  ['over TLS', 'rediss', () => ({ tls: certificates })],
])('processes with a URL, %s', (_, scheme, options) => {
  it('lock by sentinels that have a password of their own, in the database of the URL', async () => {
    const trio = await RedisSentinel.start({
      replicas: 1,
      sentinelPassword: SENTINEL_PASSWORD,
      ...options(),
    });
    stops.push(() => trio.stop());
    await addUser(trio.servers);
    const user = `app:${encodeURIComponent(PASSWORD)}`;
    const query = `waitReplicas=1&sentinelPassword=${encodeURIComponent(SENTINEL_PASSWORD)}`;
    const hosts = hostsOf(trio.connection.sentinels);
    await handOver(`${scheme}+sentinel://${user}@${hosts}/locks/3?${query}`, 'by-sentinels');
    const { admin } = await trio.master();
    const keyspace = await until('it is told', async () => String(await admin.info('keyspace')));
    expect(keyspace).toMatch(/^db3:/m);
    expect(keyspace).not.toMatch(/^db0:/m);
    expect(await admin.client('LIST')).toContain(' user=app ');
  });

  it('lock in a cluster', async () => {
    const cluster = await RedisCluster.start({ replicasEach: 0, ...options() });
    stops.push(() => cluster.stop());
    await addUser(cluster.servers);
    const user = `app:${encodeURIComponent(PASSWORD)}`;
    const url = `${scheme}+cluster://${user}@${hostsOf(cluster.connection.nodes.slice(0, 2))}`;
    await handOver(url, 'in-a-cluster');
    for (const { admin } of cluster.servers) expect(await admin.client('LIST')).toContain(' user=app ');
  });
});
