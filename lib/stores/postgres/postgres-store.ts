import type { LockStore, StoreOptions } from '../../line/store.js';
import { STORE_NAME } from './postgres-errors.js';
import { readOptions } from './postgres-options.js';
import { type Hearing, openSession } from './postgres-session.js';

/**
 * Where the server is.
 *
 * `url` is `postgres://user:password@host:5432/database`, with what else the driver knows as a query
 * (`?sslmode=verify-full`); the store then opens up to ten connections of its own. `pool` is a pool of pg, which is
 * used and never closed: while the application holds all of its connections, no lock is taken or renewed.
 */
export type PostgresConnection = { url: string } | { pool: object };

/** How locks are kept, and how requests learn of their turn. */
export interface PostgresWaiting extends StoreOptions {
  /**
   * `'lease'` (default): a row for each key holds its whole state, statements in autocommit. `'transaction'`: a transaction that
   * stays open has the row of the key locked; exclusive only, in no promised order, with a connection for each key that is held
   * or waited for.
   */
  strategy?: 'lease' | 'transaction';
  /**
   * The table, with its schema where the `search_path` does not lead to it: `'app.locks'`. Default `'distributed_lock'`.
   * The functions of the store stand beside it, and their names begin with it.
   */
  table?: string;
  /**
   * A direct connection to the same database, for LISTEN, where `url` or `pool` leads to a pooler of transactions.
   * Without it such a store looks for itself, every 5 to 100 ms while somebody waits.
   */
  listenUrl?: string;
}

/** What {@link postgresStore} takes. */
export type PostgresStoreOptions = PostgresConnection & PostgresWaiting;

const CAPABILITIES = {
  lease: { shared: true, permits: true, leases: true, fairOrder: true },
  transaction: { shared: false, permits: false, leases: true, fairOrder: false },
} as const;

/**
 * Locks in a PostgreSQL database, version 15 or later.
 *
 * @example postgresStore({ url: 'postgres://app:secret@localhost/app' })
 * @throws LockConfigError, LockUnsupportedError
 */
export function postgresStore(options: PostgresStoreOptions): LockStore {
  const settings = readOptions(options);
  const hearing: Hearing = { isOn: true };
  return {
    name: STORE_NAME,
    raisesTokens: settings.strategy === 'lease',
    tokensTellTime: true,
    get capabilities() {
      return { ...CAPABILITIES[settings.strategy], wakeUp: hearing.isOn ? 'message' : 'poll' } as const;
    },
    connect: (context) => openSession({ settings, context, hearing }),
  };
}
