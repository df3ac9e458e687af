import { uncontended } from './workloads/uncontended.js';
import type { Workload } from './workloads/workload.js';

/** All questions, in the order of the report. */
export const workloads: readonly Workload[] = [uncontended];
