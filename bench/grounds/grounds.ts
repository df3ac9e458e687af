import type { Ground, GroundName } from './ground.js';
import { RedisGround } from './redis-ground.js';
import { startMariadb, startPostgres } from './sql-grounds.js';
import { ZooKeeperGround } from './zookeeper-ground.js';

const memory: Ground = {
  title: 'the process itself',
  urls: [],
  async count(_who, work) {
    await work();
    return undefined;
  },
  learn: (_who, work) => work(),
  stop: async () => undefined,
};

/** How each ground is started; a file of `grounds/` each. */
const STARTERS: Readonly<Record<GroundName, () => Promise<Ground>>> = {
  memory: async () => memory,
  redis: () => RedisGround.start(1),
  'redis-quorum': () => RedisGround.start(3),
  postgres: startPostgres,
  mysql: startMariadb,
  zookeeper: () => ZooKeeperGround.start(),
};

/** The grounds of a run: each is started when the first workload asks for it, and stopped with the run. */
export class Grounds {
  private readonly started = new Map<GroundName, Promise<Ground>>();

  get(name: GroundName): Promise<Ground> {
    const ground = this.started.get(name) ?? STARTERS[name]();
    this.started.set(name, ground);
    return ground;
  }

  /** What was started, by name. */
  async titles(): Promise<Record<string, string>> {
    const entries = [...this.started].map(async ([name, ground]) => [name, (await ground).title] as const);
    return Object.fromEntries(await Promise.all(entries));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.started.values()].map(async (ground) => (await ground).stop()));
  }
}
