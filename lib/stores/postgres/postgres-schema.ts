/**
 * The table and the functions of a store: found, or made. They are made once for each version of the package, by
 * whichever process comes first; the functions of several versions stand beside each other and serve the same table.
 */
import { LockConfigError, LockStoreError } from '../../errors.js';
import { type Speaker, storeErrorOf, textOf } from '../sql/sql-errors.js';
import { functionName, quoted, type TableName, withNames } from './names.js';
import { codeOf } from './postgres-errors.js';
import type { Queries } from './postgres-commands.js';
import { COLUMNS, FUNCTIONS, TABLE } from './statements.generated.js';

/** One lock for all who make such a schema, so that nobody makes half of it. */
const MAKING = 'pg_advisory_xact_lock(5577006791947779)';

const FIND = `
  SELECT coalesce(n.nspname, $2, current_schema()), c.relkind, (
    SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum)
    FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  ), (
    SELECT count(DISTINCT p.proname)::text FROM pg_proc p
    WHERE p.proname = ANY ($3::text[]) AND p.pronamespace = coalesce(n.oid, to_regnamespace(quote_ident($2)))
  )
  FROM (SELECT to_regclass($1) AS oid) found
  LEFT JOIN pg_class c ON c.oid = found.oid
  LEFT JOIN pg_namespace n ON n.oid = c.relnamespace`;

/**
 * The table's name with its schema, once everything is there.
 *
 * @throws LockConfigError where the table is another one
 * @throws LockStoreError where it can be neither found nor made; its text then has what to run by hand
 */
export async function ensureSchema(link: Queries, name: TableName, speaker: Speaker): Promise<TableName> {
  const found = await find(link, name, speaker);
  checkShape(found, speaker);
  if (found.isComplete) return found.name;
  await make(link, found.name, speaker);
  const made = await find(link, found.name, speaker);
  checkShape(made, speaker);
  return made.name;
}

interface Found {
  readonly name: TableName;
  readonly kind: string | null;
  readonly columns: string | null;
  readonly isComplete: boolean;
}

async function find(link: Queries, name: TableName, speaker: Speaker): Promise<Found> {
  const functions = FUNCTIONS.map(
    (one) => `"${functionName(name, one.name).table.replaceAll(/["\\]/g, '\\$&')}"`,
  );
  try {
    const values = [quoted(name), name.schema ?? null, `{${functions.join(',')}}`];
    return foundOf(name, (await link.query(FIND, values))[0] as (string | null)[]);
  } catch (cause) {
    if (cause instanceof LockConfigError) throw cause;
    throw storeErrorOf(speaker, { operation: 'connect', keys: [], cause });
  }
}

function foundOf({ table }: TableName, row: readonly (string | null)[]): Found {
  const [schema = null, kind = null, columns = null, count = null] = row;
  if (schema === null) throw new LockConfigError(NO_SCHEMA, { option: 'table' });
  const isComplete = kind !== null && Number(count) === FUNCTIONS.length;
  return { name: { schema, table }, kind, columns, isComplete };
}

const NO_SCHEMA =
  'The search_path of the database names no schema that exists: write the schema in option "table", as "app.locks".';

function checkShape({ name, kind, columns }: Found, { place }: Speaker): void {
  if (kind === null || (kind === 'r' && columns === COLUMNS)) return;
  const text =
    `PostgreSQL at ${place} has a table ${quoted(name)} that is not one of this store's. It was left as it is: ` +
    'name another in option "table".';
  throw new LockConfigError(text, { option: 'table' });
}

async function make(link: Queries, name: TableName, speaker: Speaker): Promise<void> {
  const parts = [TABLE, ...FUNCTIONS.map(({ sql }) => sql)].map((sql) =>
    withNames(sql, name).replace(/;$/, ''),
  );
  try {
    // One message, so one transaction: it is all made, or nothing.
    await link.query([`SELECT ${MAKING}`, ...parts].join(';\n'));
  } catch (cause) {
    if (codeOf(cause) !== '42501') throw storeErrorOf(speaker, { operation: 'connect', keys: [], cause });
    throw mayNotMake(parts, { name, speaker, cause });
  }
}

function mayNotMake(
  parts: readonly string[],
  { name, speaker, cause }: { name: TableName; speaker: Speaker; cause: unknown },
): LockStoreError {
  const text =
    `PostgreSQL at ${speaker.place} does not let the user make the table and functions of the locks ` +
    `(${textOf(cause)}). Let somebody who may run this once, and grant the user its use:\n\n` +
    `${parts.join(';\n')};\n` +
    `GRANT USAGE ON SCHEMA "${name.schema!.replaceAll('"', '""')}" TO <user>;\n` +
    `GRANT SELECT, INSERT, UPDATE, DELETE ON ${quoted(name)} TO <user>;\n`;
  return new LockStoreError(text, { store: speaker.store, operation: 'connect', cause });
}
