import type { Clock } from '../util/clock.js';
import type { Duration } from '../util/duration.js';

/** What a back end can promise; what it cannot is refused with a LockUnsupportedError, never weakened in silence. */
export interface StoreCapabilities {
  /** `mode: 'shared'`. */
  readonly shared: boolean;
  /** Semaphores: `permits`, `weight`. */
  readonly permits: boolean;
  /** Holds that end at a time given beforehand, to the millisecond: `leaseTime`. */
  readonly leases: boolean;
  /** A line in order of arrival: `fair: true`. */
  readonly fairOrder: boolean;
  /** How a waiter learns that it is its turn. `'message'`: woken; `'poll'`: looks again. */
  readonly wakeUp: 'message' | 'poll';
  /**
   * What keeps a hold, and a place in the line, while nothing is heard of whoever has it. `'lease'` (default): its own, which
   * the server ends, and a waiter's looks. `'session'`: that of its process, whose end gives back all that it had.
   */
  readonly keptBy?: 'lease' | 'session';
}

/** Options that every store with a server of its own takes. */
export interface StoreOptions {
  /** How far server clocks may differ or step back before a token could repeat. Default `'10s'`. */
  clockTolerance?: Duration;
}

/**
 * A back end for locks, as the module is given it: what it is, and how to open a session on it.
 * One store may serve several applications; each has its own session.
 */
export interface LockStore {
  /** For logs and errors: `'redis'`, `'memory'`. */
  readonly name: string;
  /** What it can promise; asked before every request. */
  readonly capabilities: StoreCapabilities;
  /** True where `leastTokens` of a request are heeded, as a node of a quorum has to. Default false. */
  readonly raisesTokens?: boolean;
  /** True where a token is the server's clock at the grant, in microseconds, or hardly more. Default false. */
  readonly tokensTellTime?: boolean;
  /**
   * Opens a session. Resolves when the back end has answered once.
   * @throws LockStoreError where it cannot be reached; `isTransient` says whether trying again may help
   * @throws LockUnsupportedError, LockConfigError where it never will serve
   */
  connect(context: SessionContext): Promise<StoreSession>;
}

/** What a session may use of the process it lives in. */
export interface SessionContext {
  readonly clock: Clock;
  /** The lease that is renewed where no `leaseTime` is given, in milliseconds. */
  readonly watchdogMs: number;
  /** Where hints go. They may come late, twice, out of order or never, and are believed by nobody: whoever gets one looks. */
  readonly onHint: (hint: Hint) => void;
}

/**
 * `called`: this owner's turn may have come. `gone`: this owner's hold may have been ended by force.
 * `all`: messages may have been missed (a new subscription or connection): everybody looks, every hold is renewed.
 */
export type Hint = { readonly kind: 'called' | 'gone'; readonly owner: string } | { readonly kind: 'all' };

/**
 * The verbs of a lock, against one back end. Each is one command, applied as one transition of each key's state,
 * and each may be sent again when its answer was lost. Errors are LockStoreErrors.
 */
export interface StoreSession {
  /**
   * Where a rest may be shorter than the lease that was asked for: so much an answer leaves at least, in milliseconds.
   * Holds are then asked after within a third of it.
   */
  readonly vouchedMs?: number | undefined;
  /** Hold, or take a place in the line; with `replaces`, the yield: give up that owner's hold first, in the same transition. */
  acquire(request: AcquireRequest): Promise<AcquireReply>;
  /**
   * Lengthens each lease to at least `leaseMs` from now (0: only asks). Answers each one's rest in milliseconds, 0 where it
   * is not held. Of a back end in parts, one of which failed: NaN for all leases of an owner that has one there. Rejects
   * where nothing is known of any owner.
   */
  renew(leases: readonly LeaseRequest[]): Promise<readonly number[]>;
  /** Leaves: ends the hold, or withdraws from the line. Of a stranger, or a second time, it changes nothing. */
  release(request: ReleaseRequest): Promise<void>;
  /** Who holds the key and how many wait; changes nothing. */
  inspect(key: string): Promise<KeyView>;
  /** Ends every hold of the key, and hints to the holders. True where there was one. */
  forceRelease(key: string): Promise<boolean>;
  /**
   * One page of the keys that begin with a text and are held or waited for; changes nothing. A key that is so from the first
   * page to the last is on one of them at least; what comes or goes meanwhile may be missing, twice, or idle by then.
   * Left out where the back end cannot tell.
   */
  list?(request: ListRequest): Promise<KeyPage>;
  /**
   * Names the life of the back end's data: while it stays the same, nothing that was granted has been forgotten. Undefined,
   * or left out, where that cannot be known.
   */
  life?(): Promise<string | undefined>;
  /** Ends the session: no socket, subscription or timer is left. Connections that were handed in stay open. */
  close(): Promise<void>;
}

/** The weight that fills a key which is used as a mutex or read/write lock: exclusive takes all of it, shared 1. */
export const MODE_CAPACITY = 1_000_000_000;

/** Fencing tokens are reserved in blocks: a grant owns `token … token + 63`. */
export const TOKEN_BLOCK = 64;

/** How long a called request may take to come before the next one is called instead. */
export const CLAIM_MS = 1_000;
/** A request that did not look for so long has lost its place. */
export const SILENT_MS = 3_000;
/** How long an owner id stays refused where one of its commands may still be under way. */
export const REFUSED_MS = 10_000;

/** What is asked of one or several keys. The same request is sent for the first attempt, each later look, and after a lost answer. */
export interface AcquireRequest {
  /** Sorted bytewise, each once. Taken in this order up to the first that is busy. */
  readonly keys: readonly string[];
  /** Random, of 128 bits, 32 hexadecimal digits; never used again once a release was sent for it. */
  readonly owner: string;
  /** MODE_CAPACITY, or the number of permits. */
  readonly capacity: number;
  /** What the request takes of it. */
  readonly weight: number;
  /** In milliseconds, from the moment of the grant. */
  readonly leaseMs: number;
  /** False: one attempt, all keys or none, without a place in the line. */
  readonly takesPlace: boolean;
  /** The owner that yields in favour of this one; only with one key. */
  readonly replaces?: string | undefined;
  /**
   * Of each key, the least that the grant's token may be; only where the store `raisesTokens`. A hold that has a smaller
   * one already is given a greater, reserved like any other: this one, where nobody was granted since.
   */
  readonly leastTokens?: readonly number[] | undefined;
}

/** A hold, as the store tells of it. */
export interface Grant {
  /** First of the grant's block of tokens. */
  readonly token: number;
  /** What is left of the lease, in milliseconds, when the store answered. */
  readonly restMs: number;
}

/**
 * The answer to an acquire.
 * `held`: all keys, grants in their order. `busy`: the first `grants.length` keys are held, the next is not.
 * `conflict`: the next key is in use with another capacity. `refused`: the owner id was given up before.
 */
export type AcquireReply =
  | { readonly kind: 'held'; readonly grants: readonly Grant[] }
  | {
      readonly kind: 'busy';
      readonly grants: readonly Grant[];
      /** When the state may change by itself, in milliseconds (a lease or a claim ends): look again then. */
      readonly lookInMs: number;
    }
  | { readonly kind: 'conflict'; readonly grants: readonly Grant[]; readonly capacity: number }
  | { readonly kind: 'refused' };

/** A hold whose lease is to be lengthened. */
export interface LeaseRequest {
  readonly key: string;
  readonly owner: string;
  /** In milliseconds; 0 asks without lengthening. */
  readonly leaseMs: number;
}

/** Who leaves which keys. */
export interface ReleaseRequest {
  readonly keys: readonly string[];
  readonly owner: string;
  /** True where a command of this owner is unanswered: the id is refused for REFUSED_MS, so that it makes no ghost. */
  readonly refuses: boolean;
  /** What remains of a `minHoldTime`, in milliseconds: the hold stays so long under no owner. 0 for none. */
  readonly keepMs: number;
}

/** Which keys are asked for, and how many at a time. */
export interface ListRequest {
  /** What the keys begin with; empty for all. */
  readonly prefix: string;
  /** `next` of the page before; left out for the first. */
  readonly from?: string | undefined;
  /** About how many keys the back end looks at for a page, from 1: no command's cost grows with their number. */
  readonly most: number;
}

/** A page of `list`; it may be empty, and others follow all the same. */
export interface KeyPage {
  /** In no order. */
  readonly keys: readonly string[];
  /** SHA-256, hexadecimal, of keys in use that are kept under their hash alone: what they begin with is not known. */
  readonly hashes: readonly string[];
  /** Where the next page begins; undefined on the last. Of use to the session's own store only. */
  readonly next: string | undefined;
}

/** What `inspect` sees of a key. */
export interface KeyView {
  readonly capacity: number;
  readonly holders: readonly {
    /** Empty for what remains of a `minHoldTime` after the release. */
    readonly owner: string;
    readonly token: number;
    readonly weight: number;
    readonly restMs: number;
  }[];
  readonly waiters: number;
}
