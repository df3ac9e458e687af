import { setTimeout as sleep } from 'node:timers/promises';
import type { BackEnd, TestServer } from '../fault/back-end.js';
import * as backEnds from '../fault/back-ends.js';
import type { RedisServer } from '../support/redis-server.js';
import type { Backing, Harm, Topology } from './topology.js';

/** One server of a back end. */
export class SingleServer<Server extends TestServer = TestServer> implements Backing {
  constructor(
    readonly server: Server,
    /** Of the store's URL. */
    private readonly query: string,
  ) {}

  get ports(): readonly number[] {
    return [this.server.port];
  }

  words(wired: (port: number) => number): string {
    const url = new URL(this.server.url);
    url.port = String(wired(this.server.port));
    return `${url.href}${this.query}`;
  }

  stop(): Promise<void> {
    return this.server.stop();
  }
}

/** As it is on disk. */
const restart: Harm<SingleServer> = async ({ server }, { lastsMs }) => {
  await server.kill();
  await sleep(lastsMs);
  await server.restart();
};

type Pausable = TestServer & { pause(): void; resume(): void };

const pause: Harm<SingleServer<Pausable>> = async ({ server }, { lastsMs }) => {
  server.pause();
  await sleep(lastsMs);
  server.resume();
};

function single<Server extends TestServer>(
  name: string,
  backEnd: BackEnd<Server>,
  further: Partial<Topology<SingleServer<Server>>> & { readonly query?: string } = {},
): Topology<SingleServer<Server>> {
  const { query = '', harms, ...parts } = further;
  const { cutEars } = backEnd;
  const lostMessages: Harm<SingleServer<Server>> = async ({ server }, { lastsMs }) => {
    // Whoever comes back is deaf again.
    for (const endMs = performance.now() + lastsMs; performance.now() < endMs; await sleep(20)) {
      await cutEars!(server);
    }
  };
  return {
    name,
    title: backEnd.name,
    promises: backEnd.promises,
    commands: backEnd.words,
    forgetting: [],
    harms: { restart, ...(cutEars && { 'lost-messages': lostMessages }), ...harms },
    start: async () => new SingleServer(await backEnd.start(), query),
    ...parts,
  };
}

const redisHarms: Readonly<Record<string, Harm<SingleServer<RedisServer>>>> = {
  pause,
  // Everything is gone, and so is the process: as a restart without persistence.
  forget: async ({ server }, { lastsMs }) => {
    await server.admin.flushall();
    await server.kill();
    await sleep(lastsMs);
    await server.restart();
  },
  full: async ({ server }, { lastsMs }) => {
    await server.admin.config('SET', 'maxmemory', '1');
    await sleep(lastsMs);
    await server.admin.config('SET', 'maxmemory', '0');
  },
};

export const redis = single('redis', backEnds.redis, { harms: redisHarms, forgetting: ['forget'] });

export const postgres = single('postgres', backEnds.postgres);
export const mysql = single('mysql', backEnds.mysql, { harms: { pause } });
export const zookeeper = single('zookeeper', backEnds.zookeeper, { harms: { pause } });

/** What a transaction held is free when the server comes back, and when its connection has ended. */
const OF_TRANSACTIONS = ['restart', 'cut', 'lost-reply'];

export const postgresTransaction = single('postgres-transaction', backEnds.postgresTransactions, {
  forgetting: OF_TRANSACTIONS,
});
export const mysqlTransaction = single('mysql-transaction', backEnds.mysqlTransactions, {
  harms: { pause },
  forgetting: OF_TRANSACTIONS,
});
