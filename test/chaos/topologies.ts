import * as severals from './redis-topologies.js';
import * as others from './several-servers.js';
import * as singles from './single-servers.js';
import type { Backing, Topology } from './topology.js';

// What a topology does to its own servers is nobody else's business: outside they are all alike.
const asAny = (topology: unknown): Topology<Backing> => topology as Topology<Backing>;

const ALL = [
  singles.redis,
  severals.redisReplicas,
  severals.redisSentinel,
  severals.redisCluster,
  others.quorum,
  singles.postgres,
  singles.postgresTransaction,
  singles.mysql,
  singles.mysqlTransaction,
  singles.zookeeper,
  others.ensemble,
  others.memory,
].map(asAny);

/** Every store in every topology that a campaign can be run on, by its name on the command line. */
export const TOPOLOGIES: ReadonlyMap<string, Topology> = new Map(ALL.map((one) => [one.name, one]));
