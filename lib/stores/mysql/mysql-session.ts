import { isLockError, LockUnsupportedError } from '../../errors.js';
import type { SessionContext, StoreSession } from '../../line/store.js';
import { storeErrorOf } from '../sql/sql-errors.js';
import { SqlSession, type SqlSessionParts } from '../sql/sql-session.js';
import { TransactionSession } from '../sql/transaction-session.js';
import { MysqlCommands } from './mysql-commands.js';
import { speakerOf } from './mysql-errors.js';
import { MysqlLink } from './mysql-link.js';
import type { MysqlSettings } from './mysql-options.js';
import { MysqlRowLocks, type RowLocksOptions } from './mysql-row-locks.js';
import { ensureSchema } from './mysql-schema.js';

/** A statement that is unanswered for so long is taken for lost: a third of the lease, but not for a mere hiccup. */
const LEAST_SILENT_MS = 1_000;

/**
 * @throws LockStoreError where the server does not answer; LockConfigError where the table is another one
 * @throws LockUnsupportedError where transactions cannot be kept open
 */
export async function openSession(settings: MysqlSettings, context: SessionContext): Promise<StoreSession> {
  const { clock, watchdogMs } = context;
  const silentMs = Math.max(LEAST_SILENT_MS, watchdogMs / 3);
  const pool = settings.openPool(silentMs);
  const link = new MysqlLink({ clock, pool, silentMs, isOwn: settings.isOwnPool });
  const speaker = speakerOf(settings.place);
  try {
    const table = await ensureSchema(link, settings.table, speaker);
    const commands = new MysqlCommands(link, table, settings.toleranceMs);
    const parts = { context, commands, speaker, id: 0 };
    if (settings.strategy === 'lease') return new SqlSession(parts);
    return await openTransactions(parts, {
      clock,
      pool: settings.openTransactions(silentMs),
      link,
      table,
      silentMs,
    });
  } catch (error) {
    await link.close();
    throw error;
  }
}

async function openTransactions(parts: SqlSessionParts, options: RowLocksOptions): Promise<StoreSession> {
  const { context, speaker } = parts;
  const { silentMs } = options;
  const locks = new MysqlRowLocks(options);
  try {
    if (!(await locks.isDirect())) throw new LockUnsupportedError(POOLED, { store: speaker.store });
    return new TransactionSession({ context, records: new SqlSession(parts), locks, speaker, silentMs });
  } catch (cause) {
    await locks.close();
    throw isLockError(cause) ? cause : storeErrorOf(speaker, { operation: 'connect', keys: [], cause });
  }
}

const POOLED =
  `The store "mysql" does not support strategy: 'transaction' behind a pooler: the connection leads to a server thread that is ` +
  `not its own. Connect to the server itself, or use strategy: 'lease'.`;
