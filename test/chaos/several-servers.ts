import { setTimeout as sleep } from 'node:timers/promises';
import * as backEnds from '../fault/back-ends.js';
import { RedisServer } from '../support/redis-server.js';
import { ZooKeeperEnsemble } from '../support/zookeeper-ensemble.js';
import type { ZooKeeperServer } from '../support/zookeeper-server.js';
import type { StoreWords } from './store-words.js';
import type { Backing, Harm, Topology } from './topology.js';

/** Three ZooKeeper servers, one store. */
class Ensemble implements Backing {
  constructor(readonly servers: ZooKeeperEnsemble) {}

  get ports(): readonly number[] {
    return this.servers.addresses.map(({ port }) => port);
  }

  words(wired: (port: number) => number): string {
    return `zookeeper://${this.ports.map((port) => `127.0.0.1:${wired(port)}`).join(',')}`;
  }

  stop(): Promise<void> {
    return this.servers.stop();
  }
}

async function killFor(server: ZooKeeperServer, ms: number): Promise<void> {
  await server.kill();
  await sleep(ms);
  await server.restart();
}

const ensembleHarms: Readonly<Record<string, Harm<Ensemble>>> = {
  'fail-over': async ({ servers }, { lastsMs }) => killFor(await servers.leader(), lastsMs),
  restart: async ({ servers }, { lastsMs, pick }) => {
    const followers = await servers.followers();
    const follower = followers[Math.floor(pick * followers.length)];
    if (follower) await killFor(follower, lastsMs);
    await servers.isWhole();
  },
  pause: async ({ servers }, { lastsMs }) => {
    const leader = await servers.leader();
    leader.pause();
    await sleep(lastsMs);
    leader.resume();
    await servers.leader();
  },
};

export const ensemble: Topology<Ensemble> = {
  name: 'ensemble',
  title: 'ZooKeeper, three servers',
  promises: backEnds.zookeeper.promises,
  commands: backEnds.zookeeper.words,
  harms: ensembleHarms,
  forgetting: [],
  start: async () => new Ensemble(await ZooKeeperEnsemble.start({ settings: { maxSessionTimeout: 60_000 } })),
};

const QUORUM = 3;
/** Longer than any lease of a campaign. */
const RESTART_DELAY_MS = 3_000;

/** Three servers that know nothing of each other. */
class Independent implements Backing {
  constructor(readonly servers: readonly RedisServer[]) {}

  static async start(): Promise<Independent> {
    const started = Array.from({ length: QUORUM }, () => RedisServer.start({ keepsData: true }));
    return new Independent(await Promise.all(started));
  }

  get ports(): readonly number[] {
    return this.servers.map(({ port }) => port);
  }

  words(wired: (port: number) => number): StoreWords {
    const quorum = this.ports.map((port) => `redis://127.0.0.1:${wired(port)}`);
    return { quorum, restartDelay: RESTART_DELAY_MS };
  }

  one(pick: number): RedisServer {
    return this.servers[Math.floor(pick * this.servers.length)]!;
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
  }
}

/** To one of them, while the others go on. */
const quorumHarms: Readonly<Record<string, Harm<Independent>>> = {
  restart: async (all, { lastsMs, pick }) => {
    await all.one(pick).kill();
    await sleep(lastsMs);
    await all.one(pick).restart();
  },
  forget: async (all, { lastsMs, pick }) => {
    await all.one(pick).admin.flushall();
    await all.one(pick).kill();
    await sleep(lastsMs);
    await all.one(pick).restart();
  },
  pause: async (all, { lastsMs, pick }) => {
    all.one(pick).pause();
    await sleep(lastsMs);
    all.one(pick).resume();
  },
};

export const quorum: Topology<Independent> = {
  name: 'quorum',
  title: 'Quorum of three Redis',
  promises: backEnds.redis.promises,
  commands: backEnds.redis.words,
  harms: quorumHarms,
  // A server that comes back empty is not counted for the longest lease.
  forgetting: [],
  start: () => Independent.start(),
};

/** In the process itself: nothing to reach, nobody to share it with. */
export const memory: Topology = {
  name: 'memory',
  title: 'Memory',
  promises: backEnds.redis.promises,
  harms: {},
  forgetting: [],
  slots: 1,
  start: async () => ({ ports: [], words: () => 'memory:', stop: () => Promise.resolve() }),
};
