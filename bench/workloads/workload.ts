import type { GroundName } from '../grounds/ground.js';
import type { Locker } from '../library.js';
import type { Crew } from '../contestant/crew.js';

/** What one turn of one library came to: numbers by name. */
export type Figures = Record<string, number>;

/** One number of the table. */
export interface Column {
  /** Of the {@link Figures}. */
  readonly name: string;
  readonly title: string;
  readonly digits: number;
  /** How the turns of all rounds become one number. Default 'median'. */
  readonly over?: 'median' | 'sum' | 'max';
}

/** How long turns last. */
export interface Pace {
  /** Of a turn, in milliseconds. */
  readonly turnMs: number;
  /** True for the short form, which shows only that everything works. */
  readonly isQuick: boolean;
}

/** What the code in the contestants' processes is given. */
export interface Scene {
  readonly locker: Locker;
  readonly yardstick: Locker;
}

/** A part that runs in a contestant's process, as its director asks for it. */
// Each has an order and a result of its own, which pass as data between the processes.
export type Part = (scene: Scene, order: never) => Promise<unknown>;

/** One question that is asked of all libraries alike. A file of `workloads/` each. */
export interface Workload {
  /** As in `--only`. */
  readonly name: string;
  readonly title: string;
  /** Which libraries take part: those that run on one of these. */
  readonly grounds: readonly GroundName[];
  /** Whether a library of one of the grounds takes part; all do unless told otherwise. */
  readonly takes?: (library: { readonly name: string }) => boolean;
  /** How many processes each library has. */
  readonly processes: number;
  /** Rounds of a full run, where another number than the usual fits better. */
  readonly rounds?: number;
  readonly columns: readonly Column[];
  /** What runs in the contestants' processes, by name. */
  readonly parts: Readonly<Record<string, Part>>;
  /** Directs one turn of one library, in the benchmark's own process. */
  readonly turn: (crew: Crew, pace: Pace) => Promise<Figures>;
  /** Where a turn sends more than is counted: a turn with those commands alone, which the server's counts are read by. */
  readonly rehearse?: (crew: Crew, pace: Pace) => Promise<unknown>;
}
