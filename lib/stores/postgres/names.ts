import { REVISION, TABLES } from './statements.generated.js';

/** What the schema is called in the SQL files: the table so, everything else so and an underscore. */
const IN_FILES = /\bdistributed_lock(_[a-z_]+)?\b/g;

/** What the server cuts a name at, in bytes. */
const MOST_NAME_BYTES = 63;
/** The longest name of a function, with its underscores and the revision. */
const LONGEST_SUFFIX = `_force_release_${REVISION}`;

/** How long the name of a table may be, in bytes, so that no function's name is cut. */
export const MOST_TABLE_BYTES = MOST_NAME_BYTES - LONGEST_SUFFIX.length;

/** A table, as its option names it. */
export interface TableName {
  /** Undefined where the server's `search_path` decides. */
  readonly schema: string | undefined;
  readonly table: string;
}

/** As SQL writes it: `"app"."locks"`. */
export function quoted({ schema, table }: TableName): string {
  const name = `"${table.replaceAll('"', '""')}"`;
  return schema === undefined ? name : `"${schema.replaceAll('"', '""')}".${name}`;
}

/** The function of that name, as it stands on the server. */
export function functionName({ schema, table }: TableName, name: string): TableName {
  return { schema, table: `${table}_${name}_${REVISION}` };
}

/** The tables of the schema, in order; the first is the one that was named. */
export function tableNames({ schema, table }: TableName): TableName[] {
  return TABLES.map(({ suffix }) => ({ schema, table: suffix === '' ? table : `${table}_${suffix}` }));
}

/** A text of the SQL files, with the real names. */
export function withNames(sql: string, name: TableName): string {
  return sql.replace(IN_FILES, (_, verb = '') => {
    const at = TABLES.findIndex(({ suffix }) => suffix === verb.slice(1));
    return quoted(at < 0 ? functionName(name, verb.slice(1)) : tableNames(name)[at]!);
  });
}
