import * as singles from './single-servers.js';
import type { Backing, Topology } from './topology.js';

/** Every store in every topology that a campaign can be run on, by its name on the command line. */
export const TOPOLOGIES: ReadonlyMap<string, Topology> = new Map(
  [singles.redis].map((topology) => [topology.name, topology as unknown as Topology<Backing>]),
);
