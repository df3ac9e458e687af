/**
 * Turns the SQL of the MySQL store into one TypeScript file, and into one .sql file for those who make the schema by
 * hand: `npm run generate`. With `--check` nothing is written; exit status 1 where a committed file is stale.
 *
 * `table.sql` is the table, and each `<name>.table.sql` one more, `distributed_lock_<name>`; every other file of `sql/` is one
 * procedure, `distributed_lock_` and the file's name. Its header is its contract, and its parameters and calls are held against
 * it:
 *
 *   --- One sentence of what it does.
 *   -- @arg     of_id  IN BIGINT  Which one.    in order; name, two spaces, direction and type, two spaces
 *   -- @return  What the client is answered.    with @call only
 *   -- @needs   load save                       procedures of other files that it calls
 *   -- @call                                    clients call it
 *
 * The table is called `distributed_lock` here, and everything else begins with that: the store puts the real names in.
 */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const TAGS = ['arg', 'return', 'needs', 'call'];
const NAME = /\bdistributed_lock(_[a-z_]+)?\b/g;

/** The two generated texts for a folder of SQL files. @throws where a header and its code disagree */
export function generate(folder) {
  const files = readdirSync(folder).filter((name) => name.endsWith('.sql'));
  const tables = tablesOf(folder, files);
  const rest = files.filter((name) => !name.endsWith('table.sql'));
  const procedures = rest.sort().map((file) => readProcedure(folder, file, tables));
  for (const { name, needs } of procedures) {
    const missing = needs.find((need) => !procedures.some((one) => one.name === need));
    if (missing) throw new Error(`${name} needs ${missing}, which is no file`);
  }
  const parts = [...tables, ...procedures].map(({ sql }) => sql);
  const revision = createHash('sha1').update(parts.join('\n')).digest('hex').slice(0, 8);
  const made = { tables, procedures, revision };
  return { ts: renderTs(made), sql: renderSql(made) };
}

/** The table itself, whose suffix is empty, before the others. */
function tablesOf(folder, files) {
  const others = files.filter((name) => name.endsWith('.table.sql')).sort();
  return ['table.sql', ...others].map((file) => {
    const sql = codeOf(readFileSync(join(folder, file), 'utf8'));
    return { suffix: file.replace(/\.?table\.sql$/, ''), sql, columns: columnsOf(sql) };
  });
}

function readProcedure(folder, file, tables) {
  const text = readFileSync(join(folder, file), 'utf8');
  const name = file.slice(0, -'.sql'.length).replaceAll('-', '_');
  try {
    if (!/^--- .+/.test(text)) throw new Error('must begin with a summary: --- One sentence.');
    const tags = readTags(text);
    const sql = codeOf(text);
    const needs = tags.needs.flatMap((line) => line.split(/\s+/)).map((need) => need.replaceAll('-', '_'));
    if (tags.return.length !== tags.call.length) throw new Error('needs @return and @call, both or neither');
    checkSignature({ name, args: tags.arg, sql });
    checkNeeds({ name, needs, sql, tables });
    return { name, sql, needs };
  } catch (cause) {
    throw new Error(`${file}: ${cause.message}`, { cause });
  }
}

/** All tag lines, by tag. An unknown tag is a slip of the pen, not a comment. */
function readTags(text) {
  const found = Object.fromEntries(TAGS.map((tag) => [tag, []]));
  for (const [, tag, rest] of text.matchAll(/^-- @(\w+)[^\S\n]*(.*)$/gm)) {
    if (!found[tag]) throw new Error(`unknown tag @${tag}`);
    found[tag].push(rest.trim());
  }
  return found;
}

/** Names, types and order of the parameters, as the header has them. */
function checkSignature({ name, args, sql }) {
  const head = sql.match(/^CREATE PROCEDURE distributed_lock_(\w+)\((.*)\)$/m);
  if (head?.[1] !== name) throw new Error(`must create the procedure distributed_lock_${name}`);
  const expected = args.map((line) => {
    const [arg, type] = line.split(/\s{2,}/);
    const [direction, ...words] = type.split(' ');
    return `${direction} ${arg} ${words.join(' ')}`;
  });
  if (head[2] !== expected.join(', ')) {
    throw new Error(`takes (${head[2]}) but declares (${expected.join(', ')})`);
  }
}

/** Each procedure that is called is declared, and none that is not. */
function checkNeeds({ name, needs, sql, tables }) {
  const used = new Set([...sql.matchAll(NAME)].flatMap(([, word]) => (word ? [word.slice(1)] : [])));
  for (const one of [name, ...tables.map(({ suffix }) => suffix)]) used.delete(one);
  const missing = [...used].find((one) => !needs.includes(one));
  if (missing) throw new Error(`calls ${missing} but does not say that it needs it`);
  const idle = needs.find((one) => !used.has(one));
  if (idle) throw new Error(`says that it needs ${idle} but does not call it`);
}

/** The code without its comment lines, which no server need keep. */
function codeOf(text) {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !/^\s*--/.test(line));
  return lines.join('\n').replace(/;$/, '');
}

function columnsOf(table) {
  const columns = [...table.matchAll(/^ {2}(\w+) ([A-Z]+)/gm)];
  return columns.map(([, name, type]) => `${name} ${type.toLowerCase()}`).join(', ');
}

function renderTs({ tables, procedures, revision }) {
  const literal = (text) => `\`${text.replace(/[\\`]|\$\{/g, '\\$&')}\``;
  const made = procedures.map(({ name, sql }) => `  { name: '${name}', sql: ${literal(sql)} },\n`);
  return `// Generated from ./sql/*.sql by \`npm run generate\`. Do not edit.

/** Stands in the name of every procedure: another version of the package brings its own, and both may run at once. */
export const REVISION = '${revision}';

/** The tables: what stands behind the name of each (nothing behind the first), its columns with their types in order, what makes it. */
export const TABLES: readonly { readonly suffix: string; readonly columns: string; readonly sql: string }[] = [
${tables.map(({ suffix, columns, sql }) => `  { suffix: '${suffix}', columns: '${columns}', sql: ${literal(sql)} },\n`).join('')}];

/** Makes the procedures, in any order. */
export const PROCEDURES: readonly { readonly name: string; readonly sql: string }[] = [
${made.join('')}];
`;
}

function renderSql({ tables, procedures, revision }) {
  const isTable = (verb) => tables.some(({ suffix }) => verb === `_${suffix}`);
  const named = procedures.map(({ sql }) =>
    sql.replace(NAME, (whole, verb) => (verb && !isTable(verb) ? `${whole}_${revision}` : whole)),
  );
  const names = tables.map(({ suffix }) => (suffix ? `distributed_lock_${suffix}` : 'distributed_lock'));
  const grants = names.map(
    (name) => `--   GRANT SELECT, INSERT, UPDATE, DELETE ON <database>.${name} TO <user>;\n`,
  );
  return `-- Generated from ./sql/*.sql by \`npm run generate\`. Do not edit.
-- What the MySQL store of nestjs-distributed-lock makes by itself when it connects, for databases in which it may not: run
-- it once with the mysql client, in the database that is meant. The user of the store then needs
${grants.join('')}--   GRANT EXECUTE ON <database>.* TO <user>;
${tables.map(({ sql }) => `${sql};\n`).join('')}DELIMITER //
${named.map((part) => `${part}//\n`).join('')}DELIMITER ;
`;
}

function main() {
  const at = (path) => fileURLToPath(new URL(`../lib/stores/mysql/${path}`, import.meta.url));
  const [folder = at('sql'), ts = at('statements.generated.ts'), sql = at('schema.generated.sql')] =
    process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
  const made = generate(folder);
  for (const [to, text] of [
    [ts, made.ts],
    [sql, made.sql],
  ]) {
    if (!process.argv.includes('--check')) writeFileSync(to, text);
    else if (readFileSync(to, 'utf8') !== text) {
      console.error(`${to} is stale. Run: npm run generate`);
      process.exitCode = 1;
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main();
