import type { LockStore } from '../../lib/line/store.js';
import type { BackEnd, TestServer } from './back-end.js';

/** Whom the stores are at the server: so the connections of nobody else are ended. */
export const STORE_USER = 'app';

/** A database server of the test's own. */
export interface SqlServer extends TestServer {
  urlOf(user: string, password?: string, database?: string): string;
}

/** What the scenarios of a database have to know of its dialect, beyond the back end: what its administrator can do. */
export interface SqlBackEnd<Server extends SqlServer = SqlServer> extends BackEnd<Server> {
  /** A database in which {@link STORE_USER} may make what a store needs. */
  makeDatabase(server: Server, name: string): Promise<void>;
  /** Statements of the administrator there, on one connection. */
  administer(server: Server, database: string, statements: readonly string[]): Promise<void>;
  /** A transaction of the administrator that keeps every row there. */
  keepRows(server: Server, database: string): Promise<OpenTransaction>;
  /** A store over a pool of so many connections, on one of which its application has a transaction that saw the table. */
  stalePool(url: string, connections: number): Promise<StalePool>;
  /** Ends connections of the stores, or cancels what they do: all, or those that wait for a row. Tells how many. */
  strike(server: Server, how: 'end' | 'cancel', whom: 'all' | 'blocked'): Promise<number>;
  readonly spoils: readonly Spoil[];
}

export interface OpenTransaction {
  rollback(): Promise<void>;
}

export interface StalePool {
  readonly store: LockStore;
  /** Ends the transaction and the pool. */
  end(): Promise<void>;
}

/** What may be done to a store's table while it runs. */
export interface Spoil {
  readonly what: string;
  readonly statements: readonly string[];
  /** What the error then says. */
  readonly advice: string;
  /** True where a new session makes it good. */
  readonly heals: boolean;
}
