import { createHash } from 'node:crypto';
import { REVISION, TABLES } from './statements.generated.js';

/** What the schema is called in the SQL files: the table so, everything else so and an underscore. */
const IN_FILES = /\bdistributed_lock(_[a-z_]+)?\b/g;

/** What the server takes as a name, in characters. */
const MOST_NAME_LENGTH = 64;
/** The longest name of a procedure, with its underscores and the revision. */
const LONGEST_SUFFIX = `_force_release_${REVISION}`;

/** How long the name of a table may be, in characters, so that no procedure's name is too long. */
export const MOST_TABLE_LENGTH = MOST_NAME_LENGTH - LONGEST_SUFFIX.length;

/** A table, as its option names it. */
export interface TableName {
  /** Undefined where the connection decides. */
  readonly database: string | undefined;
  readonly table: string;
}

/** As SQL writes it: `` `app`.`locks` ``. */
export function quoted({ database, table }: TableName): string {
  const quote = (name: string): string => `\`${name.replaceAll('`', '``')}\``;
  return database === undefined ? quote(table) : `${quote(database)}.${quote(table)}`;
}

/** The procedure of that name, as it stands on the server. */
export function procedureName({ database, table }: TableName, name: string): TableName {
  return { database, table: `${table}_${name}_${REVISION}` };
}

/** The tables of the schema, in order; the first is the one that was named. */
export function tableNames({ database, table }: TableName): TableName[] {
  return TABLES.map(({ suffix }) => ({ database, table: suffix === '' ? table : `${table}_${suffix}` }));
}

/** A text of the SQL files, with the real names. */
export function withNames(sql: string, name: TableName): string {
  return sql.replace(IN_FILES, (_, verb = '') => {
    const at = TABLES.findIndex(({ suffix }) => suffix === verb.slice(1));
    return quoted(at < 0 ? procedureName(name, verb.slice(1)) : tableNames(name)[at]!);
  });
}

/** An index holds no more than 3,072 bytes, and a short one is quicker. */
const MOST_ID_BYTES = 512;

/** What a key is called in its row: byte by byte what it is, or its hash where it is long. No key begins with a NUL. */
export function idOf(key: string): Buffer {
  const bytes = Buffer.from(key);
  if (bytes.length <= MOST_ID_BYTES) return bytes;
  return Buffer.concat([Buffer.of(0), createHash('sha256').update(bytes).digest()]);
}

/** What a row's id tells of its key: the key, or its hash in hexadecimal. */
export function nameOf(id: Buffer): { readonly key?: string; readonly hash?: string } {
  return id[0] === 0 ? { hash: id.toString('hex', 1) } : { key: id.toString() };
}
