import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ZooKeeperOptions } from '../../../../../lib/stores/zookeeper/client/index.js';
import { freePort } from '../../../../support/free-port.js';
import { until } from '../../../../support/until.js';
import { type Certificates, makeCertificates } from '../../../../support/zookeeper-certificates.js';
import { newZooKeeperClient, type TestClient } from '../../../../support/zookeeper-client.js';
import { ZooKeeperProxy } from '../../../../support/zookeeper-proxy.js';
import { ZooKeeperServer } from '../../../../support/zookeeper-server.js';

let folder: string;
let certificates: Certificates;
let server: ZooKeeperServer;
let port: number;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lock-test-certificates-'));
  certificates = makeCertificates(folder);
  port = await freePort();
  const { keyStore, trustStore } = certificates.files;
  server = await ZooKeeperServer.start({
    settings: { secureClientPort: port, secureClientPortAddress: '127.0.0.1' },
    properties: {
      'zookeeper.serverCnxnFactory': 'org.apache.zookeeper.server.NettyServerCnxnFactory',
      'zookeeper.ssl.keyStore.location': keyStore,
      'zookeeper.ssl.trustStore.location': trustStore,
      'zookeeper.ssl.clientAuth': 'need',
    },
  });
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

function secure(options: Partial<ZooKeeperOptions> = {}): TestClient {
  const tls = { ca: certificates.ca, ...certificates.client };
  return newZooKeeperClient([port], { tls, ...options });
}

describe('over TLS', () => {
  it('a session is opened, used and closed, by name and by address', async () => {
    for (const host of ['localhost', '127.0.0.1']) {
      const { client } = secure({ servers: [{ host, port }] });
      await client.connect();
      await client.create('/mine', Buffer.from('x'), 'ephemeral');
      expect((await client.data('/mine')).data.toString()).toBe('x');
      await client.close();
    }
    const { client } = newZooKeeperClient([server.port]);
    await client.connect();
    expect(await client.exists('/mine')).toBeUndefined();
    await client.close();
  });

  it('a session goes on over another connection, with its watches', async () => {
    const one = secure();
    await one.client.connect();
    const admin = newZooKeeperClient([server.port]).client;
    await admin.connect();
    await admin.create('/watched', Buffer.alloc(0), 'persistent');
    const seen: string[] = [];
    await one.client.exists('/watched', ({ kind }) => seen.push(kind));
    await server.restart();
    await until('it is told', () => one.kinds().includes('disconnected'));
    await Promise.all([one.client.connect(), admin.connect()]);
    await admin.remove('/watched');
    await one.client.sync('/');
    expect([seen, one.kinds().at(-1)]).toEqual([['deleted'], 'connected']);
    await Promise.all([one.client.close(), admin.close()]);
  });

  it('a silent partition is noticed', async () => {
    const proxy = await ZooKeeperProxy.start(port, true);
    const one = secure({ servers: [{ host: '127.0.0.1', port: proxy.port }], sessionMs: 1_000 });
    await one.client.connect();
    proxy.swallow('toClient');
    await expect(one.client.exists('/')).rejects.toMatchObject({ code: 'CONNECTION_LOSS' });
    expect(one.kinds()).toEqual(['connected', 'disconnected']);
    await one.client.close();
    await proxy.stop();
  });

  it.each<[string, RegExp, () => Partial<ZooKeeperOptions>]>([
    ['whose signer is not trusted', /self-signed|unable to/, () => ({ tls: { ...certificates.client } })],
    [
      'that has another name',
      /localhost.*does not match|Hostname\/IP does not match/,
      () => ({ tls: { ca: certificates.ca, ...certificates.client, servername: 'elsewhere' } }),
    ],
  ])('a server %s is refused, and the error says so', async (_, reason, options) => {
    const { client } = secure({ connectMs: 500, ...options() });
    await expect(client.connect()).rejects.toMatchObject({
      code: 'NO_SERVER',
      message: expect.stringMatching(reason),
    });
    await client.close();
  });

  it('a client without a certificate is refused', async () => {
    const { client } = secure({ connectMs: 500, tls: { ca: certificates.ca } });
    await expect(client.connect()).rejects.toMatchObject({
      code: 'NO_SERVER',
      message: expect.stringMatching(/certificate/),
    });
    await client.close();
  });

  it('nobody speaks to a port without it', async () => {
    const { client } = secure({ connectMs: 500, servers: [server.address] });
    await expect(client.connect()).rejects.toMatchObject({ code: 'NO_SERVER' });
    await client.close();
  });
});
