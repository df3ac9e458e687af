import type { Role } from '../library.js';
import type { Column, Figures } from '../workloads/workload.js';

/** What one library came to in one workload. */
export interface Row {
  readonly library: string;
  readonly version: string;
  readonly role: Role;
  readonly ground: string;
  /** One for each round. */
  readonly rounds: readonly Figures[];
  /** Of all rounds. */
  readonly figures: Readonly<Record<string, number>>;
  /** Why there are no more rounds. */
  readonly failure?: string;
}

export interface Table {
  readonly workload: string;
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

/** Where and when a run took place. */
export interface Machine {
  readonly date: string;
  readonly command: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
  readonly node: string;
}

/** A run of the benchmark, as it is written to a file. */
export interface Result {
  readonly machine: Machine;
  readonly seed: number;
  readonly isQuick: boolean;
  readonly servers: Readonly<Record<string, string>>;
  readonly tables: readonly Table[];
}
