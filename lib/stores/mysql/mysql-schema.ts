/**
 * The table and the procedures of a store: found, or made. They are made once for each version of the package, by
 * whichever processes come first; the procedures of several versions stand beside each other and serve the same table.
 */
import { LockConfigError, LockStoreError } from '../../errors.js';
import { type Speaker, storeErrorOf, textOf } from '../sql/sql-errors.js';
import type { Queries } from './mysql-commands.js';
import { codeOf, isRefusal } from './mysql-errors.js';
import { procedureName, quoted, tableNames, type TableName, withNames } from './names.js';
import { PROCEDURES, TABLES } from './statements.generated.js';

/** "… already exists": somebody else was quicker. */
const EXISTS = [1304, 1050];

/** Of a table: its engine, which a view has not, and its columns. */
const OF_TABLE = `
    (SELECT t.ENGINE FROM information_schema.TABLES t
      WHERE t.TABLE_SCHEMA = COALESCE(?, DATABASE()) AND t.TABLE_NAME = ?),
    (SELECT GROUP_CONCAT(c.COLUMN_NAME, ' ', c.DATA_TYPE ORDER BY c.ORDINAL_POSITION SEPARATOR ', ')
      FROM information_schema.COLUMNS c WHERE c.TABLE_SCHEMA = COALESCE(?, DATABASE()) AND c.TABLE_NAME = ?)`;

const FIND = `
  SELECT COALESCE(?, DATABASE()), @@autocommit,
    (SELECT COUNT(*) FROM information_schema.ROUTINES r
      WHERE r.ROUTINE_SCHEMA = COALESCE(?, DATABASE()) AND r.ROUTINE_NAME IN (?)),
    ${TABLES.map(() => OF_TABLE).join(', ')}`;

/**
 * The table's name with its database, once everything is there.
 *
 * @throws LockConfigError where the table is another one
 * @throws LockStoreError where it can be neither found nor made; its text then has what to run by hand
 */
export async function ensureSchema(link: Queries, name: TableName, speaker: Speaker): Promise<TableName> {
  const found = await findOurs(link, name, speaker);
  if (found.isComplete) return found.name;
  await make(link, found.name, speaker);
  return (await findOurs(link, found.name, speaker)).name;
}

async function findOurs(link: Queries, name: TableName, speaker: Speaker): Promise<Found> {
  const seen = await find(link, name, speaker);
  // The catalog is read part by part: while somebody makes the table, one may be of before, the next of after. Once
  // any of it was seen it is made, and a second look sees all of it.
  const found = strangerIn(seen) < 0 ? seen : await find(link, name, speaker);
  const strange = strangerIn(found);
  if (strange < 0) return found;
  const text =
    `MySQL at ${speaker.place} has a table ${quoted(tableNames(found.name)[strange]!)} that is not one of this store's. It was ` +
    'left as it is: name another in option "table".';
  throw new LockConfigError(text, { option: 'table' });
}

interface Found {
  readonly name: TableName;
  /** Of each table its engine, null for a view, and its columns, null where there is nothing of that name. */
  readonly tables: readonly { readonly engine: string | null; readonly columns: string | null }[];
  readonly isComplete: boolean;
}

async function find(link: Queries, name: TableName, speaker: Speaker): Promise<Found> {
  const database = name.database ?? null;
  const procedures = PROCEDURES.map((one) => procedureName(name, one.name).table);
  const tables = tableNames(name).flatMap(({ table }) => [database, table, database, table]);
  try {
    return foundOf(name, (await link.query(FIND, [database, database, procedures, ...tables]))[0]!);
  } catch (cause) {
    if (cause instanceof LockConfigError) throw cause;
    throw storeErrorOf(speaker, { operation: 'connect', keys: [], cause });
  }
}

function foundOf({ table }: TableName, row: readonly unknown[]): Found {
  const [database, isAutocommit, count, ...seen] = row;
  if (typeof database !== 'string') throw new LockConfigError(NO_DATABASE, { option: 'table' });
  if (Number(isAutocommit) !== 1) throw new LockConfigError(NO_AUTOCOMMIT, { option: 'pool' });
  const tables = TABLES.map((_, at) => ({
    engine: textOrNull(seen[2 * at]),
    columns: textOrNull(seen[2 * at + 1]),
  }));
  const isThere = tables.every(({ engine }) => engine !== null);
  return { name: { database, table }, tables, isComplete: isThere && Number(count) === PROCEDURES.length };
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

const NO_DATABASE =
  'The connection has no database: name one in the address, or write it in option "table", as "app.locks".';
const NO_AUTOCOMMIT = 'The connections of option "pool" have autocommit off; the store needs it on.';

/** The place of a table of another shape; below 0 where there is none, also where there is nothing yet. */
function strangerIn({ tables }: Found): number {
  return tables.findIndex(
    ({ engine, columns }, at) =>
      columns !== null && !(engine === 'InnoDB' && columns === TABLES[at]!.columns),
  );
}

async function make(link: Queries, name: TableName, speaker: Speaker): Promise<void> {
  const [tables, procedures] = [TABLES, PROCEDURES].map((all) => all.map(({ sql }) => withNames(sql, name)));
  try {
    for (const sql of [...tables!, ...procedures!]) await makeOne(link, sql);
  } catch (cause) {
    if (!isRefusal(cause)) throw storeErrorOf(speaker, { operation: 'connect', keys: [], cause });
    throw mayNotMake(`${tables!.join(';\n')};\nDELIMITER //\n${procedures!.join('//\n')}//\nDELIMITER ;\n`, {
      name,
      speaker,
      cause,
    });
  }
}

async function makeOne(link: Queries, sql: string): Promise<void> {
  try {
    await link.query(sql);
  } catch (error) {
    if (!EXISTS.includes(codeOf(error) ?? 0)) throw error;
  }
}

function mayNotMake(
  script: string,
  { name, speaker, cause }: { name: TableName; speaker: Speaker; cause: unknown },
): LockStoreError {
  const database = `\`${name.database!.replaceAll('`', '``')}\``;
  const text =
    `MySQL at ${speaker.place} does not let the user make the table and procedures of the locks ` +
    `(${textOf(cause)}). Let somebody who may run this once, and grant the user its use:\n\n${script}` +
    tableNames(name)
      .map((table) => `GRANT SELECT, INSERT, UPDATE, DELETE ON ${quoted(table)} TO <user>;\n`)
      .join('') +
    `GRANT EXECUTE ON ${database}.* TO <user>;\n`;
  return new LockStoreError(text, { store: speaker.store, operation: 'connect', cause });
}
