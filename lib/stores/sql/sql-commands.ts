import type {
  AcquireReply,
  AcquireRequest,
  KeyPage,
  KeyView,
  LeaseRequest,
  ListRequest,
  ReleaseRequest,
} from '../../line/store.js';

/** What the one algorithm asks of a dialect. Each is one statement in autocommit, and may be repeated. */
export interface SqlCommands {
  /**
   * The same as one after the other. Several only where each is for one and the same key. `session` is where messages
   * go; negative where none are heard.
   */
  acquire(requests: readonly AcquireRequest[], session: number): Promise<readonly AcquireReply[]>;
  /** The rest of each lease, in milliseconds. */
  renew(leases: readonly LeaseRequest[]): Promise<readonly number[]>;
  release(request: ReleaseRequest): Promise<void>;
  inspect(key: string): Promise<KeyView>;
  /** A page of the table, in the order of its rows. Locks nothing. */
  list(request: ListRequest): Promise<KeyPage>;
  forceRelease(key: string): Promise<boolean>;
  /** Which of these waiters (owner, and the key it waits for) are called. Locks nothing. */
  called(waiters: ReadonlyMap<string, string>): Promise<Polled>;
  /** Deletes rows in which nothing counts any more, among the next `most` behind a place in the table. */
  sweep(place: string, most: number): Promise<Swept>;
  /** Ends the connections that are ours. */
  close(): Promise<void>;
}

/** What a poll saw. */
export interface Polled {
  /** Another one than before where somebody was granted one of the keys. */
  readonly mark: string;
  /** The owners that are called. */
  readonly called: readonly string[];
}

/** How far a sweep came. */
export interface Swept {
  readonly scanned: number;
  readonly deleted: number;
  /** Where the next one goes on; the empty text begins anew. */
  readonly place: string;
}
