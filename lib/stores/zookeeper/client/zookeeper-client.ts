/**
 * The part of ZooKeeper that a lock needs, as the store sees it.
 *
 *   new ──connect()──► connected ──socket lost or silent──► disconnected ──resumed──► connected
 *   disconnected ──no server knows the session any more──► expired ──connect()──► connected, in a new session
 *   any ──close()──► closed, for good
 *
 * For whoever writes a store on it:
 * - Requests made in the same tick go out in one write, and are done and answered in the order they were made, so
 *   `create` and `children` together see one state and cost one round trip.
 * - `CONNECTION_LOSS` means that nobody knows whether it was done: find out (an owner's id in the name) before asking
 *   again. `NOT_CONNECTED` means that it was never sent. Nothing is sent again by itself.
 * - A session that is resumed keeps its ephemeral nodes and its watches: what changed meanwhile fires them. A session that
 *   expired took both along: its watchers are dropped without being called, and `onEvent` says `expired`, once.
 * - After `expired` nothing happens until `connect()` is called again; that session has another id, so an ephemeral node
 *   is ours only where `stat.ephemeralOwner === client.sessionId`.
 * - Believe in what an ephemeral node stands for while `clock.nowMs() < client.aliveUntilMs`, connected or not; no event
 *   tells of that moment. Connected, it lies between a half and three quarters of `negotiatedMs` ahead (all of it just
 *   after connecting): a server tells the leader of its sessions twice a tick only, see `session-life.ts`. A session
 *   that is to be believed in for x after every heartbeat wants a `sessionMs` of 2x.
 * - A dead connection is noticed after half of `negotiatedMs`, which leaves a quarter of it to find another server.
 * - `onEvent` and watchers are called in the order in which the server spoke, before the promise of any later answer
 *   goes on. In `onEvent('connected')` the watches are already set again; requests may be made in it at once.
 */
import type { ConnectionOptions } from 'node:tls';
import type { Clock } from '../../../util/clock.js';
import type { Random } from '../../../util/random.js';
import type { ZooKeeperError } from './zookeeper-error.js';

/** Where a server listens. */
export interface ZooKeeperAddress {
  readonly host: string;
  readonly port: number;
}

/** What a client is made with. */
export interface ZooKeeperOptions {
  /** At least one; tried in random order. */
  readonly servers: readonly ZooKeeperAddress[];
  /** How long the session outlives its last heartbeat, in milliseconds. The server has bounds: see `negotiatedMs`. */
  readonly sessionMs: number;
  /** How long `connect` may try, in milliseconds. */
  readonly connectMs: number;
  /** The node below which all paths are: `''` or `'/app'`. Made where it is missing. */
  readonly chroot: string;
  /** Who we are; nodes are then made for nobody else. Without it they are everybody's. `credentials`: `user:password`. */
  readonly auth?: { readonly scheme: 'digest'; readonly credentials: string } | undefined;
  /** TLS, to servers with a `secureClientPort`. */
  readonly tls?: ConnectionOptions | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly onEvent: (event: SessionEvent) => void;
}

/**
 * What becomes of the session. `expired` and `failed` end it, and are told once; `failed` is what trying again does not
 * mend (refused credentials).
 */
export type SessionEvent =
  | { readonly kind: 'connected'; readonly isNewSession: boolean }
  | { readonly kind: 'disconnected' }
  | { readonly kind: 'expired' }
  | { readonly kind: 'failed'; readonly error: ZooKeeperError };

/** `container`: the server removes it some time after its last child went. */
export type CreateMode =
  | 'persistent'
  | 'ephemeral'
  | 'persistent-sequential'
  | 'ephemeral-sequential'
  | 'container';

/** What a server tells of a node. */
export interface Stat {
  /** The transaction that made it: grows with every node of the ensemble. */
  readonly czxid: bigint;
  /** The transaction that last changed its data. */
  readonly mzxid: bigint;
  /** The transaction that last changed its children. */
  readonly pzxid: bigint;
  readonly version: number;
  readonly cversion: number;
  /** The session whose end removes it; 0 for one that stays. A container has another value. */
  readonly ephemeralOwner: bigint;
  readonly numChildren: number;
}

/** What a watch saw. `changed`: its data. */
export interface WatchEvent {
  readonly kind: 'created' | 'deleted' | 'changed' | 'children';
  readonly path: string;
}

/** Called once at most, and then gone. Told apart by identity: the same function twice on a path is one watcher. */
export type Watcher = (event: WatchEvent) => void;

/** One step of a `multi`. */
export type MultiStep =
  | { readonly kind: 'create'; readonly path: string; readonly data: Buffer; readonly mode: CreateMode }
  | { readonly kind: 'remove'; readonly path: string; readonly version?: number }
  | { readonly kind: 'set'; readonly path: string; readonly data: Buffer; readonly version?: number }
  | { readonly kind: 'check'; readonly path: string; readonly version: number };

/**
 * What a step did: of `create` the path, of `set` the stat. The servers tell no stat of a node made by a step (but of a
 * container's); the `mzxid` of a `set` in the same `multi` is the transaction of all its steps.
 */
export interface MultiResult {
  readonly path?: string;
  readonly stat?: Stat;
}

/** One session, over one connection at a time. All methods that ask the server reject with a {@link ZooKeeperError}. */
export interface ZooKeeperClient {
  /** Of the present session, or the last one; 0 before the first. */
  readonly sessionId: bigint;
  /** The session timeout that the server granted, in milliseconds. */
  readonly negotiatedMs: number;
  readonly isConnected: boolean;
  /** Until when, on the local monotonic clock, no leader can have ended the session: what was answered proves it. `-Infinity` without one. */
  readonly aliveUntilMs: number;
  /**
   * Resolves when there is a session that is connected: opens one where there is none, or the last one ended; waits for
   * one that is being resumed. Calls at the same time are one. After a failure nothing goes on in the background, unless
   * a session is being resumed.
   * @throws ZooKeeperError `NO_SERVER`, `AUTH_FAILED`, `SESSION_EXPIRED` (while waiting), `CLOSED`
   */
  connect(): Promise<void>;
  /** Of a sequential node, `path` is the name that the server gave. */
  create(
    path: string,
    data: Buffer,
    mode: CreateMode,
  ): Promise<{ readonly path: string; readonly stat: Stat }>;
  /** Whatever its version, unless one is given. */
  remove(path: string, version?: number): Promise<void>;
  /** The watcher sees it made, changed or removed, whichever comes first. Undefined where there is none. */
  exists(path: string, watcher?: Watcher): Promise<Stat | undefined>;
  /** The watcher sees a child come or go, or the node removed. On a missing node nothing is watched. */
  children(
    path: string,
    watcher?: Watcher,
  ): Promise<{ readonly names: readonly string[]; readonly stat: Stat }>;
  /** The watcher sees it changed or removed. On a missing node nothing is watched. */
  data(path: string, watcher?: Watcher): Promise<{ readonly data: Buffer; readonly stat: Stat }>;
  set(path: string, data: Buffer, version?: number): Promise<Stat>;
  /**
   * Takes the watcher off that path, at once: it is not called any more, also where the request that set it is still
   * under way. The server forgets its part too, where nobody else here watches the same. Resolves when it has, never rejects.
   * A watch that fired, or whose node was removed, is gone by itself.
   */
  unwatch(path: string, watcher: Watcher): Promise<void>;
  /** What was done anywhere before this was asked is seen by whatever is asked after it. */
  sync(path: string): Promise<void>;
  /** All steps or none. @throws ZooKeeperError of the first step that failed, with its path */
  multi(steps: readonly MultiStep[]): Promise<readonly MultiResult[]>;
  /**
   * A heartbeat that the leader answered. They are sent by themselves, four in a session's time; asking for more moves
   * `aliveUntilMs` no further than to three quarters of `negotiatedMs` from now.
   */
  ping(): Promise<void>;
  /**
   * Ends the session: its ephemeral nodes are gone when this resolves, and no socket or timer is left. Where it is not
   * connected it looks for a server once more. Where none answers within half of `negotiatedMs` the nodes go when the
   * session's time is over. What was asked before is answered or rejected; watchers are not called any more.
   */
  close(): Promise<void>;
}
