import type { Promises } from '../fault/back-end.js';
import type { StoreWords } from './store-words.js';

/** What all clients use, running, and under our hand. */
export interface Backing {
  /** Each client has a wire of its own to each of these. */
  readonly ports: readonly number[];
  /** What a client is told, who reaches each port through another. */
  words(wired: (port: number) => number): StoreWords;
  stop(): Promise<void>;
}

/** Something that happens to the servers; resolves when it is over. `pick` is what is left to choose, from 0 up to 1. */
export type Harm<Running extends Backing = Backing> = (
  backing: Running,
  how: { readonly lastsMs: number; readonly pick: number },
) => Promise<void>;

/** A store in one of its topologies, and what may happen to it. */
export interface Topology<Running extends Backing = Backing> {
  /** As on the command line. */
  readonly name: string;
  readonly title: string;
  readonly promises: Pick<Promises, 'deadHolderMs' | 'deadWaiterMs' | 'deadWaitersMs'>;
  /** A text by which each command is known on the wire; absent where there is none. */
  readonly commands?: { readonly acquire: string; readonly release: string };
  /** What can happen to the servers, by the name of the fault. */
  readonly harms: Readonly<Record<string, Harm<Running>>>;
  /** After which of them a grant may be forgotten, so that two believe for up to a renewal period. */
  readonly forgetting: readonly string[];
  /** Processes that share it. Default 4. */
  readonly slots?: number;
  /** Beside the number of slots. */
  readonly watchdogMs?: number;
  start(): Promise<Running>;
}
