/**
 * The table and the functions of a store: found, or made. They are made once for each version of the package, by
 * whichever process comes first; the functions of several versions stand beside each other and serve the same table.
 */
import { LockConfigError, LockStoreError } from '../../errors.js';
import { type Speaker, storeErrorOf, textOf } from '../sql/sql-errors.js';
import { functionName, quoted, tableNames, type TableName, withNames } from './names.js';
import { codeOf } from './postgres-errors.js';
import type { Queries } from './postgres-commands.js';
import { FUNCTIONS, TABLES } from './statements.generated.js';

/** One lock for all who make such a schema, so that nobody makes half of it. */
const MAKING = 'pg_advisory_xact_lock(5577006791947779)';

/** One row for each table: the schema, what it is and its columns where it is there, and how many of the functions are. */
const FIND = `
  SELECT coalesce(n.nspname, $2, current_schema()), c.relkind, (
    SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum)
    FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  ), (
    SELECT count(DISTINCT p.proname)::text FROM pg_proc p
    WHERE p.proname = ANY ($3::text[]) AND p.pronamespace = coalesce(n.oid, to_regnamespace(quote_ident($2)))
  )
  FROM unnest($1::text[]) WITH ORDINALITY AS wanted (name, place)
  CROSS JOIN LATERAL (SELECT to_regclass(wanted.name) AS oid) found
  LEFT JOIN pg_class c ON c.oid = found.oid
  LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
  ORDER BY wanted.place`;

/**
 * The table's name with its schema, once everything is there.
 *
 * @throws LockConfigError where a table of that name is another one
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
  /** Of each table: what it is, and its columns; null where there is none. */
  readonly tables: readonly { readonly kind: string | null; readonly columns: string | null }[];
  readonly isComplete: boolean;
}

async function find(link: Queries, name: TableName, speaker: Speaker): Promise<Found> {
  const functions = FUNCTIONS.map((one) => functionName(name, one.name).table);
  const tables = tableNames(name).map(quoted);
  try {
    const values = [listOf(tables), name.schema ?? null, listOf(functions)];
    return foundOf(name, (await link.query(FIND, values)) as readonly (readonly (string | null)[])[]);
  } catch (cause) {
    if (cause instanceof LockConfigError) throw cause;
    throw storeErrorOf(speaker, { operation: 'connect', keys: [], cause });
  }
}

/** A list of texts, as the server reads one. */
function listOf(texts: readonly string[]): string {
  return `{${texts.map((text) => `"${text.replaceAll(/["\\]/g, '\\$&')}"`).join(',')}}`;
}

function foundOf({ table }: TableName, rows: readonly (readonly (string | null)[])[]): Found {
  const [schema = null, , , count = null] = rows[0] ?? [];
  if (schema === null) throw new LockConfigError(NO_SCHEMA, { option: 'table' });
  const tables = rows.map(([, kind = null, columns = null]) => ({ kind, columns }));
  const isComplete = tables.every(({ kind }) => kind !== null) && Number(count) === FUNCTIONS.length;
  return { name: { schema, table }, tables, isComplete };
}

const NO_SCHEMA =
  'The search_path of the database names no schema that exists: write the schema in option "table", as "app.locks".';

function checkShape({ name, tables }: Found, { place }: Speaker): void {
  const strange = tables.findIndex(
    ({ kind, columns }, at) => kind !== null && !(kind === 'r' && columns === TABLES[at]!.columns),
  );
  if (strange < 0) return;
  const text =
    `PostgreSQL at ${place} has a table ${quoted(tableNames(name)[strange]!)} that is not one of this store's. It was left as ` +
    'it is: name another in option "table".';
  throw new LockConfigError(text, { option: 'table' });
}

async function make(link: Queries, name: TableName, speaker: Speaker): Promise<void> {
  const parts = [...TABLES, ...FUNCTIONS].map(({ sql }) => withNames(sql, name).replace(/;$/, ''));
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
    `GRANT SELECT, INSERT, UPDATE, DELETE ON ${tableNames(name).map(quoted).join(', ')} TO <user>;\n`;
  return new LockStoreError(text, { store: speaker.store, operation: 'connect', cause });
}
