import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { until } from './until.js';
import type { ZooKeeperSettings } from './zookeeper-launcher.js';
import { ZooKeeperServer } from './zookeeper-server.js';

const SIZE = 3;

export interface ZooKeeperEnsembleOptions {
  /** Of each server's zoo.cfg. */
  readonly settings?: ZooKeeperSettings;
  /** Under which port a server knows another's (the one that followers use); default its own. For a proxy between. */
  readonly portBetween?: (from: number, to: number, port: number) => Promise<number>;
}

/** Three ZooKeeper servers that elect a leader among them; each can be killed, paused, resumed and restarted by itself. */
export class ZooKeeperEnsemble {
  private constructor(readonly servers: readonly ZooKeeperServer[]) {}

  static async start(options: ZooKeeperEnsembleOptions = {}): Promise<ZooKeeperEnsemble> {
    for (let attempt = 1; ; attempt++) {
      const ensemble = new ZooKeeperEnsemble(await launchAll(options));
      const serve = await Promise.all(ensemble.servers.map((server) => server.serves()));
      if (serve.every(Boolean)) return ensemble;
      await ensemble.stop();
      // Somebody else took a port in between.
      if (attempt === 5) throw new Error('A ZooKeeper ensemble did not start.');
    }
  }

  get addresses(): readonly { host: string; port: number }[] {
    return this.servers.map((server) => server.address);
  }

  get url(): string {
    return `zookeeper://${this.servers.map(({ port }) => `127.0.0.1:${port}`).join(',')}`;
  }

  /** Resolves when one leads, which it does as soon as a majority runs. */
  leader(): Promise<ZooKeeperServer> {
    return until('a ZooKeeper leads', () => this.inState('leader').then(([leader]) => leader));
  }

  /** Those that follow at the moment. */
  followers(): Promise<ZooKeeperServer[]> {
    return this.inState('follower');
  }

  /** Resolves when every server serves. */
  async isWhole(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.serves()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
  }

  private async inState(state: string): Promise<ZooKeeperServer[]> {
    const running = this.servers.filter((server) => !server.hasEnded);
    const states = await Promise.all(running.map((server) => server.state()));
    return running.filter((_, index) => states[index] === state);
  }
}

async function launchAll({ settings, portBetween }: ZooKeeperEnsembleOptions): Promise<ZooKeeperServer[]> {
  const ids = Array.from({ length: SIZE }, (_, index) => index + 1);
  const portsOf = (): Promise<number[]> => Promise.all(ids.map(() => freePort()));
  const [clients, peers, elections] = [await portsOf(), await portsOf(), await portsOf()];
  const servers = [];
  for (const id of ids) {
    const folder = await mkdtemp(join(tmpdir(), 'lock-test-zookeeper-'));
    mkdirSync(join(folder, 'data'));
    writeFileSync(join(folder, 'data', 'myid'), String(id));
    const others: Record<string, string> = {};
    for (const other of ids) {
      const own = peers[other - 1]!;
      const port = other === id || !portBetween ? own : await portBetween(id, other, own);
      others[`server.${other}`] = `127.0.0.1:${port}:${elections[other - 1]}`;
    }
    const all = { initLimit: 20, syncLimit: 4, ...others, ...settings };
    servers.push(ZooKeeperServer.launch({ folder, port: clients[id - 1]!, settings: all, properties: {} }));
  }
  return servers;
}
