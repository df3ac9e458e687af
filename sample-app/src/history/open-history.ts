import { type Database, SettingsError } from '../settings.js';
import { FileHistory } from './file-history.js';
import { PostgresHistory } from './postgres-history.js';
import type { VoteHistory } from './vote-history.js';

/** Opens the history that the settings name. @throws SettingsError where it cannot be opened */
export async function openHistory(database: Database): Promise<VoteHistory> {
  try {
    return database.kind === 'file'
      ? await FileHistory.open(database.path)
      : await PostgresHistory.open(database.url);
  } catch (error) {
    const where = database.kind === 'file' ? `file ${database.path}` : 'PostgreSQL database of DATABASE_URL';
    throw new SettingsError(`The ${where} cannot be opened: ${reasonOf(error)}.`, { cause: error });
  }
}

// A connection that was refused on every address is an AggregateError without a text of its own.
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ');
  return (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').replace(/\.$/, '');
}
