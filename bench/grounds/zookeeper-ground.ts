import { ZooKeeperServer } from '../../test/support/zookeeper-server.js';
import { zookeeperWord } from '../../test/support/zookeeper-words.js';
import type { Ground, ServerWork } from './ground.js';

/** A ZooKeeper server by itself, which writes to disk before it answers: its default. */
export class ZooKeeperGround implements Ground {
  private constructor(
    readonly title: string,
    private readonly server: ZooKeeperServer,
  ) {}

  static async start(): Promise<ZooKeeperGround> {
    const properties = { 'zookeeper.forceSync': 'yes' };
    const server = await ZooKeeperServer.start({ settings: { tickTime: 2_000 }, properties });
    const version = /version: ([\d.]+)/.exec((await zookeeperWord(server.port, 'srvr')) ?? '')?.[1];
    return new ZooKeeperGround(`ZooKeeper ${version ?? 'of unknown version'}, forceSync on`, server);
  }

  get urls(): readonly string[] {
    return [this.server.url];
  }

  async count(_who: string, work: () => Promise<void>): Promise<ServerWork> {
    const before = await this.server.counts();
    await work();
    const after = await this.server.counts();
    return {
      sent: after.packetsReceived - before.packetsReceived,
      inner: NaN,
      bytesIn: NaN,
      bytesOut: NaN,
      cpuMs: NaN,
    };
  }

  learn(_who: string, work: () => Promise<void>): Promise<void> {
    return work();
  }

  stop(): Promise<void> {
    return this.server.stop();
  }
}
