import type { SessionContext, StoreSession } from '../../line/store.js';
import { SqlSession } from '../sql/sql-session.js';
import { MysqlCommands } from './mysql-commands.js';
import { speakerOf } from './mysql-errors.js';
import { MysqlLink } from './mysql-link.js';
import type { MysqlSettings } from './mysql-options.js';
import { ensureSchema } from './mysql-schema.js';

/** A statement that is unanswered for so long is taken for lost: a third of the lease, but not for a mere hiccup. */
const LEAST_SILENT_MS = 1_000;

/** @throws LockStoreError where the server does not answer; LockConfigError where the table is another one */
export async function openSession(settings: MysqlSettings, context: SessionContext): Promise<StoreSession> {
  const { clock, watchdogMs } = context;
  const silentMs = Math.max(LEAST_SILENT_MS, watchdogMs / 3);
  const pool = settings.openPool(silentMs);
  const link = new MysqlLink({ clock, pool, silentMs, isOwn: settings.isOwnPool });
  const speaker = speakerOf(settings.place);
  try {
    const table = await ensureSchema(link, settings.table, speaker);
    const commands = new MysqlCommands(link, table, settings.toleranceMs);
    return new SqlSession({ context, commands, speaker, id: 0 });
  } catch (error) {
    await link.close();
    throw error;
  }
}
