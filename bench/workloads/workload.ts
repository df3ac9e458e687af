import type { GroundName, Urls } from '../grounds/ground.js';
import type { Locker } from '../library.js';
import type { Crew } from '../contestant/crew.js';

/** What one turn of one library came to, by name: numbers, or samples that are looked at together over all rounds. */
export type Figures = Record<string, number | readonly number[]>;

/** One number of the table. */
export interface Column {
  /** Of the {@link Figures}, where `over` is not a function. */
  readonly name: string;
  readonly title: string;
  readonly digits: number;
  /** How the turns of all rounds become one number. Default 'median'. */
  readonly over?: 'median' | 'sum' | 'max' | ((rounds: readonly Figures[]) => number);
}

/** How a turn is to go. */
export interface Pace {
  /** How long it is meant to last. */
  readonly turnMs: number;
  /** How long requests wait. */
  readonly waitMs: number;
  /** From 0; -1 is the turn that warms up. */
  readonly round: number;
  /** True for the short form, which shows only that everything works. */
  readonly isQuick: boolean;
}

/** What the code in the contestants' processes is given. */
export interface Scene {
  readonly urls: Urls;
  readonly locker: Locker;
  readonly yardstick: Locker;
  /** Says a word to the other processes of the crew. */
  tell(word: string): void;
  /** Resolves when another process says that word; of each, the latest wait counts. */
  heard(word: string): Promise<void>;
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
  /** Length of a turn, likewise. */
  readonly turnMs?: number;
  /** How much longer than that a turn may take before it is taken for one that hangs. Default a minute. */
  readonly patienceMs?: number;
  readonly columns: readonly Column[];
  /** What runs in the contestants' processes, by name. */
  readonly parts: Readonly<Record<string, Part>>;
  /** Directs one turn of one library, in the benchmark's own process. */
  readonly turn: (crew: Crew, pace: Pace) => Promise<Figures>;
  /** Where a turn sends more than is counted: a turn with those commands alone, which the server's counts are read by. */
  readonly rehearse?: (crew: Crew, pace: Pace) => Promise<unknown>;
}
