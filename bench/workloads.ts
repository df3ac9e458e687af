import { decorator } from './workloads/decorator.js';
import { growth } from './workloads/growth.js';
import { handOff } from './workloads/hand-off.js';
import { fourProcesses, oneProcess } from './workloads/hot-key.js';
import { manyKeys } from './workloads/many-keys.js';
import { quorum } from './workloads/quorum.js';
import { uncontended } from './workloads/uncontended.js';
import type { Workload } from './workloads/workload.js';

/** All questions, in the order of the report. */
export const workloads: readonly Workload[] = [
  uncontended,
  manyKeys,
  oneProcess,
  fourProcesses,
  handOff,
  growth,
  decorator,
  quorum,
];
