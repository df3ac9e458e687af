import type { LockStore, StoreOptions } from '../../line/store.js';
import { STORE_NAME } from './mysql-errors.js';
import { readOptions } from './mysql-options.js';
import { openSession } from './mysql-session.js';

/**
 * Where the server is.
 *
 * `url` is `mysql://user:password@host:3306/database`, with what else the driver knows as a query; the store then opens
 * up to ten connections of its own. `pool` is a pool of mysql2 or mysql2/promise, which is used and never closed: while
 * the application holds all of its connections, no lock is taken or renewed.
 */
export type MysqlConnection = { url: string } | { pool: object };

/** How locks are kept. */
export interface MysqlWaiting extends StoreOptions {
  /**
   * `'lease'` (default): a row for each key holds its whole state, statements in autocommit. `'transaction'`: a transaction that
   * stays open has the row of the key locked; exclusive only, in no promised order, with a connection for each key that is held
   * or waited for.
   */
  strategy?: 'lease' | 'transaction';
  /**
   * The table, with its database where it is not the connection's: `'app.locks'`. Default `'distributed_lock'`.
   * The procedures of the store stand beside it, and their names begin with it.
   */
  table?: string;
}

/** What {@link mysqlStore} takes. */
export type MysqlStoreOptions = MysqlConnection & MysqlWaiting;

const CAPABILITIES = {
  lease: { shared: true, permits: true, leases: true, fairOrder: true, wakeUp: 'poll' },
  transaction: { shared: false, permits: false, leases: true, fairOrder: false, wakeUp: 'message' },
} as const;

/**
 * Locks in a MariaDB database, version 10.11 or later; written for MySQL 8 too, and not tested there.
 *
 * @example mysqlStore({ url: 'mysql://app:secret@localhost/app' })
 * @throws LockConfigError, LockUnsupportedError
 */
export function mysqlStore(options: MysqlStoreOptions): LockStore {
  const settings = readOptions(options);
  return {
    name: STORE_NAME,
    capabilities: CAPABILITIES[settings.strategy],
    raisesTokens: settings.strategy === 'lease',
    tokensTellTime: true,
    connect: (context) => openSession(settings, context),
  };
}
