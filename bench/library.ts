import type { GroundName, Urls } from './grounds/ground.js';

/** Gives back what was taken; where that takes time, until it is done. */
export interface Release {
  (): unknown;
  /**
   * Of a library in another language, which times itself: when it had the lock in hand, as `monotonicMs` counts. Its
   * call then resolves with the moment at which it began to give it back.
   */
  readonly takenMs?: number;
}

/** A library as one process of its users has it: set up, connected. */
export interface Locker {
  /** Takes the lock of `key`; rejects where it was not had within `waitMs`. */
  acquire(key: string, waitMs: number): Promise<Release>;
  /** Where the library has a form of its own for take, work, give back: that, without work. */
  pair?(key: string, waitMs: number): Promise<unknown>;
  /** Of a library in another language: so many pairs, one after the other, in milliseconds each as it times them. */
  timePairs?(key: string, count: number): Promise<ArrayLike<number>>;
  /** Of a yardstick: one bare round trip. */
  ping?(): Promise<unknown>;
  close(): Promise<void>;
}

/** `limit`: what is possible at all; nobody's competitor. */
export type Role = 'ours' | 'peer' | 'limit';

/** One contestant of the tables; a file of `adapters/` each. */
export interface Library {
  /** As in the tables and in `--libraries`. */
  readonly name: string;
  /** The npm package whose version is told; none for what is written here by hand. */
  readonly npmPackage?: string;
  /** Its version, where it is no npm package. */
  readonly version?: () => string;
  readonly role: Role;
  /** True where one of its processes can wait once only. */
  readonly waitsOnce?: boolean;
  /** What it runs on. */
  readonly ground: GroundName;
  /**
   * Sets it up as its README tells its users to, so that a wait goes on until `waitMs`.
   * @param waitMs the longest wait that it will be asked for, where that is a setting of the whole
   */
  open(urls: Urls, waitMs: number): Promise<Locker>;
  /** What the same process does by hand with the same client: the floor that ratios are taken of. */
  openYardstick(urls: Urls): Promise<Locker>;
}
