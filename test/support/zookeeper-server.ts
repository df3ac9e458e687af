import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import type { Launched } from './launched.js';
import { until } from './until.js';
import { launchZooKeeper, type ZooKeeperPlace, type ZooKeeperSettings } from './zookeeper-launcher.js';
import { type ZooKeeperCounts, zookeeperCounts, zookeeperWord } from './zookeeper-words.js';

export interface ZooKeeperServerOptions {
  /** Of its zoo.cfg, beside or instead of the launcher's. */
  readonly settings?: ZooKeeperSettings;
  /** Of its Java machine. */
  readonly properties?: ZooKeeperSettings;
}

/**
 * A ZooKeeper server of the test's own, on a free loopback port, its data in a temporary folder.
 *
 *   start() ──► running ──kill()──► down ──restart()──► running          stop() from anywhere: process and folder are gone
 *   running ──pause()──► stopped (SIGSTOP) ──resume()──► running
 */
export class ZooKeeperServer {
  private constructor(
    private place: ZooKeeperPlace,
    private launched: Launched,
  ) {}

  static async start(options: ZooKeeperServerOptions = {}): Promise<ZooKeeperServer> {
    for (let attempt = 1; ; attempt++) {
      const folder = await mkdtemp(join(tmpdir(), 'lock-test-zookeeper-'));
      const { settings = {}, properties = {} } = options;
      const server = ZooKeeperServer.launch({ folder, port: await freePort(), settings, properties });
      if (await server.serves()) return server;
      await server.stop();
      // Somebody else took the port in between.
      if (attempt === 5) throw new Error(`ZooKeeper did not start on port ${server.port}.`);
    }
  }

  /** Without waiting until it serves. */
  static launch(place: ZooKeeperPlace): ZooKeeperServer {
    return new ZooKeeperServer(place, launchZooKeeper(place));
  }

  get port(): number {
    return this.place.port;
  }

  get folder(): string {
    return this.place.folder;
  }

  get address(): { host: string; port: number } {
    return { host: '127.0.0.1', port: this.port };
  }

  get url(): string {
    return `zookeeper://127.0.0.1:${this.port}`;
  }

  get hasEnded(): boolean {
    return this.launched.hasEnded;
  }

  /** @throws Error where it does not serve */
  async counts(): Promise<ZooKeeperCounts> {
    const counts = await zookeeperCounts(this.port);
    if (!counts) throw new Error(`ZooKeeper on port ${this.port} does not serve.`);
    return counts;
  }

  /** Its state (`standalone`, `leader`, `follower`); undefined while it does not serve. */
  async state(): Promise<string | undefined> {
    return (await zookeeperCounts(this.port))?.state;
  }

  /** The answer to a word of four letters. */
  word(word: string): Promise<string | undefined> {
    return zookeeperWord(this.port, word);
  }

  /** SIGKILL. What was answered as written is on disk. */
  async kill(): Promise<void> {
    await this.launched.kill();
  }

  pause(): void {
    this.launched.pause();
  }

  resume(): void {
    this.launched.resume();
  }

  /** Again on the same port, with its data; with other properties, if some are given. Resolves when it serves. */
  async restart(properties = this.place.properties): Promise<void> {
    await this.launched.kill();
    this.place = { ...this.place, properties };
    await this.relaunch();
    if (!(await this.serves())) throw new Error(`ZooKeeper did not start again on port ${this.port}.`);
  }

  /** As {@link restart}, without waiting until it serves. */
  async relaunch(): Promise<void> {
    await this.launched.kill();
    this.launched = launchZooKeeper(this.place);
  }

  async stop(): Promise<void> {
    await this.launched.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Resolves when it serves; false where the process ended instead. */
  async serves(): Promise<boolean> {
    const state = await until('ZooKeeper serves', async () =>
      this.launched.hasEnded ? 'ended' : this.state(),
    );
    return state !== 'ended';
  }
}

/** Servers to hold a store to the contract on: those that ZOOKEEPER_CONNECT names (`host:port,host:port`), or one of our own. */
export async function zooKeeperToTest(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const { ZOOKEEPER_CONNECT: named } = process.env;
  if (named) return { url: `zookeeper://${named}`, stop: () => Promise.resolve() };
  return ZooKeeperServer.start();
}
