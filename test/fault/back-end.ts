/** A server process of the test's own, under our hand. */
export interface TestServer {
  readonly port: number;
  /** Of the store on it. */
  readonly url: string;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Again on the same port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** What the scenarios have to know of a back end: what it promises where something breaks, and how to break it. */
export interface BackEnd<Server extends TestServer = TestServer> {
  readonly name: string;
  start(): Promise<Server>;
  readonly promises: Promises;
  /** A text by which each command is known on the wire. */
  readonly words: { readonly acquire: string; readonly release: string };
  /** Ends the connections on which messages come, at the server. Absent where a waiter hears none. */
  readonly cutEars?: (server: Server) => Promise<unknown>;
  /** How many wait for a key, where the back end keeps no line that `inspect` could see. */
  readonly waiters?: (server: Server, key: string) => Promise<number>;
}

/** Times in milliseconds. */
export interface Promises {
  /** After which a dead holder is in nobody's way, by the lease that is renewed. */
  readonly deadHolderMs: (leaseMs: number) => number;
  /** What dead requests at the head of the line cost the living behind them: one, and any number. */
  readonly deadWaiterMs: number;
  readonly deadWaitersMs: number;
  /** A server that comes back knows who held what. */
  readonly keepsData: boolean;
  /** How many may wait for one key at once, without an error. */
  readonly hotWaiters: number;
}

/** The look of a waiter that was told nothing. */
const LOOK_MS = 750;

/** Of the stores that keep a line of requests and leases: page by page the same. */
export const LEASE_PROMISES: Promises = {
  deadHolderMs: (leaseMs) => leaseMs,
  // A claim and a look; many are passed over together, once they have been silent for three seconds.
  deadWaiterMs: 1_000 + LOOK_MS,
  deadWaitersMs: 3_000 + LOOK_MS,
  keepsData: true,
  hotWaiters: 100,
};
