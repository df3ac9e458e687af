import { setTimeout as sleep } from 'node:timers/promises';
import * as backEnds from '../fault/back-ends.js';
import { RedisCluster } from '../support/redis-cluster.js';
import { RedisSentinel } from '../support/redis-sentinel.js';
import type { RedisServer } from '../support/redis-server.js';
import type { NatMap, StoreWords } from './store-words.js';
import type { Backing, Harm, Topology } from './topology.js';

const REPLICAS = 2;
/** As a renewal period has to leave time for the sentinels, and for the nodes of a cluster, to agree. */
const WATCHDOG_MS = 6_000;
const SLOTS = 16_384;

/** Servers that name each other by their addresses, each behind a wire. */
function natMapOf(ports: readonly number[], wired: (port: number) => number): NatMap {
  const name = (port: number): string => `127.0.0.1:${port}`;
  return Object.fromEntries(ports.map((port) => [name(port), { host: '127.0.0.1', port: wired(port) }]));
}

/** A master with replicas, and sentinels over them, whom clients ask without wires between. */
class Watched implements Backing {
  constructor(
    readonly trio: RedisSentinel,
    private readonly waitReplicas: number,
  ) {}

  get ports(): readonly number[] {
    return this.trio.servers.map(({ port }) => port);
  }

  words(wired: (port: number) => number): StoreWords {
    const natMap = natMapOf(this.ports, wired);
    return { ...this.trio.connection, natMap, waitReplicas: this.waitReplicas };
  }

  stop(): Promise<void> {
    return this.trio.stop();
  }
}

/** By the death of the master, or by its silence. */
async function lose(master: RedisServer, pick: number): Promise<() => Promise<void>> {
  if (pick < 0.5) {
    await master.kill();
    return () => master.restart();
  }
  master.pause();
  return async () => master.resume();
}

const sentinelHarms: Readonly<Record<string, Harm<Watched>>> = {
  'fail-over': async ({ trio }, { lastsMs, pick }) => {
    const master = await trio.master();
    const comeBack = await lose(master, pick);
    await trio.replaced(master);
    await sleep(lastsMs);
    await comeBack();
    await trio.settled();
  },
};

function sentinel(
  name: string,
  title: string,
  { waitReplicas, forgetting }: { waitReplicas: number; forgetting: readonly string[] },
): Topology<Watched> {
  return {
    name,
    title,
    promises: backEnds.redis.promises,
    commands: backEnds.redis.words,
    harms: sentinelHarms,
    forgetting,
    watchdogMs: WATCHDOG_MS,
    start: async () => new Watched(await RedisSentinel.start({ replicas: REPLICAS }), waitReplicas),
  };
}

export const redisSentinel = sentinel('redis-sentinel', 'Redis Sentinel', {
  waitReplicas: 0,
  forgetting: ['fail-over'],
});

/** A grant counts when all replicas have it: whichever takes over knows it. */
export const redisReplicas = sentinel('redis-replicas', 'Redis Sentinel with waitReplicas', {
  waitReplicas: REPLICAS,
  forgetting: [],
});

/** Three masters with a replica each. */
class Clustered implements Backing {
  constructor(readonly cluster: RedisCluster) {}

  get ports(): readonly number[] {
    return this.cluster.servers.map(({ port }) => port);
  }

  words(wired: (port: number) => number): StoreWords {
    return { ...this.cluster.connection, natMap: natMapOf(this.ports, wired), waitReplicas: 0 };
  }

  stop(): Promise<void> {
    return this.cluster.stop();
  }
}

const clusterHarms: Readonly<Record<string, Harm<Clustered>>> = {
  'fail-over': async ({ cluster }, { lastsMs, pick }) => {
    const slot = Math.floor(pick * SLOTS);
    const master = await cluster.masterOf(slot);
    const comeBack = await lose(master.server, (pick * 7) % 1);
    await cluster.replaced(master, slot);
    await sleep(lastsMs);
    await comeBack();
    await cluster.settled();
  },
};

export const redisCluster: Topology<Clustered> = {
  name: 'redis-cluster',
  title: 'Redis Cluster',
  promises: backEnds.redis.promises,
  commands: backEnds.redis.words,
  harms: clusterHarms,
  forgetting: ['fail-over'],
  watchdogMs: WATCHDOG_MS,
  start: async () => new Clustered(await RedisCluster.start()),
};
