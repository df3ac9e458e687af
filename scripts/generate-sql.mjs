/**
 * Turns the SQL of the PostgreSQL store into one typed TypeScript file, and into one .sql file for those who make the
 * schema by hand: `npm run generate`. With `--check` nothing is written; exit status 1 where a committed file is stale.
 *
 * `table.sql` is the table, and each `<name>.table.sql` one more, `distributed_lock_<name>`; every other file of `sql/` is one
 * function, `distributed_lock_` and the file's name. Its header is its contract, and its signature is held against it:
 *
 *   --- One sentence of what it does.
 *   -- @arg     of_key  bytea  Which one.      in order
 *   -- @return  text  What it answers.
 *   -- @needs   load save                      functions of other files that it calls
 *   -- @call                                   clients call it: it becomes an export
 *
 * The table is called `distributed_lock` here, and everything else begins with that: the store puts the real names in.
 */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const TYPES = {
  bytea: 'string',
  'bytea[]': 'readonly string[]',
  uuid: 'string | null',
  'uuid[]': 'readonly string[]',
  bigint: 'number',
  'bigint[]': 'readonly number[]',
  integer: 'number',
  boolean: 'boolean',
  text: 'string',
};
const TAGS = ['arg', 'return', 'needs', 'call'];
const NAME = /\bdistributed_lock(_[a-z_]+)?\b/g;

/** The two generated texts for a folder of SQL files. @throws where a header and its code disagree */
export function generate(folder) {
  const files = readdirSync(folder).filter((name) => name.endsWith('.sql'));
  const tables = tablesOf(folder, files);
  const rest = files.filter((name) => !name.endsWith('table.sql'));
  const functions = inOrder(rest.sort().map((file) => readFunction(folder, file, tables)));
  const parts = [...tables.map(({ sql }) => sql), ...functions.map(({ sql }) => sql)];
  const revision = createHash('sha1').update(parts.join('\n')).digest('hex').slice(0, 8);
  return { ts: renderTs({ tables, functions, revision }), sql: renderSql({ parts, tables, revision }) };
}

/** The table itself, whose suffix is empty, before the others. */
function tablesOf(folder, files) {
  const others = files.filter((name) => name.endsWith('.table.sql')).sort();
  return ['table.sql', ...others].map((file) => {
    const sql = codeOf(readFileSync(join(folder, file), 'utf8'));
    return { suffix: file.replace(/\.?table\.sql$/, ''), sql, columns: columnsOf(sql).join(', ') };
  });
}

function readFunction(folder, file, tables) {
  const text = readFileSync(join(folder, file), 'utf8');
  const name = file.slice(0, -'.sql'.length).replaceAll('-', '_');
  try {
    const tags = readTags(text);
    const args = tags.arg.map(parseArgument);
    const sql = codeOf(text);
    const needs = tags.needs.flatMap((line) => line.split(/\s+/)).map((need) => need.replaceAll('-', '_'));
    checkSignature({ name, args, returns: readReturn(tags.return), sql });
    checkNeeds({ name, needs, sql, tables });
    return { name, args, sql, needs, doc: readSummary(text), isCall: tags.call.length > 0 };
  } catch (cause) {
    throw new Error(`${file}: ${cause.message}`, { cause });
  }
}

function readSummary(text) {
  const summary = text.match(/^--- .+(?:\n-- (?!@).+)*/)?.[0];
  if (!summary) throw new Error('must begin with a summary: --- One sentence.');
  return summary.replace(/^-{2,3} /gm, '').split('\n');
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

function readReturn(lines) {
  if (lines.length !== 1) throw new Error(`has ${lines.length} @return lines; it must have one`);
  return lines[0].split(/\s{2,}/)[0];
}

function parseArgument(line) {
  const [name, type] = line.split(/\s+/);
  return { name, type };
}

/** Names, types and order of the arguments, and the type of the answer, as the header has them. */
function checkSignature({ name, args, returns, sql }) {
  const head = sql.match(/CREATE OR REPLACE FUNCTION distributed_lock_(\w+)\(([^)]*)\)\s*(?:RETURNS (\w+))?/);
  if (head?.[1] !== name) throw new Error(`must create the function distributed_lock_${name}`);
  const taken = head[2]
    .split(',')
    .map((one) => one.trim().split(/\s+/))
    .filter(([word]) => word && word !== 'OUT');
  const actual = taken.map((words) => words.slice(-2).join(' ')).join(', ');
  const expected = args.map((one) => `${one.name} ${one.type}`).join(', ');
  if (actual !== expected) throw new Error(`takes (${actual}) but declares (${expected})`);
  if ((head[3] ?? 'record') !== returns) throw new Error(`returns ${head[3]} but declares ${returns}`);
}

/** Each function that is called is declared, and none that is not: it says what must be made before. */
function checkNeeds({ name, needs, sql, tables }) {
  const used = new Set([...sql.matchAll(NAME)].flatMap(([, word]) => (word ? [word.slice(1)] : [])));
  for (const one of [name, ...tables.map(({ suffix }) => suffix)]) used.delete(one);
  const missing = [...used].find((one) => !needs.includes(one));
  if (missing) throw new Error(`calls ${missing} but does not say that it needs it`);
  const idle = needs.find((one) => !used.has(one));
  if (idle) throw new Error(`says that it needs ${idle} but does not call it`);
}

/** What a function needs stands before it. */
function inOrder(functions) {
  const placed = [];
  const place = (one, open) => {
    if (placed.includes(one)) return;
    if (open.includes(one.name)) throw new Error(`${[...open, one.name].join(' -> ')}: needs itself`);
    for (const need of one.needs) {
      const found = functions.find(({ name }) => name === need);
      if (!found) throw new Error(`${one.name} needs ${need}, which is no file`);
      place(found, [...open, one.name]);
    }
    placed.push(one);
  };
  for (const one of functions) place(one, []);
  return placed;
}

/** The code without its comment lines, which no server need keep. */
function codeOf(text) {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !/^\s*--/.test(line));
  return lines.join('\n');
}

function columnsOf(table) {
  return [...table.matchAll(/^ {2}(\w+) ([a-z]+(?:\[\])?)[ \n]/gm)].map(
    ([, name, type]) => `${name} ${type}`,
  );
}

function renderTs({ tables, functions, revision }) {
  const literal = (text) => `\`${text.replace(/[\\`]|\$\{/g, '\\$&')}\``;
  const made = functions.map(({ name, sql }) => `  { name: '${name}', sql: ${literal(sql)} },\n`);
  return `// Generated from ./sql/*.sql by \`npm run generate\`. Do not edit.
import { defineCall } from './call.js';

/** Stands in the name of every function: another version of the package brings its own, and both may run at once. */
export const REVISION = '${revision}';

/** The tables: what stands behind the name of each (nothing behind the first), its columns with their types in order, what makes it. */
export const TABLES: readonly { readonly suffix: string; readonly columns: string; readonly sql: string }[] = [
${tables.map(({ suffix, columns, sql }) => `  { suffix: '${suffix}', columns: '${columns}', sql: ${literal(sql)} },\n`).join('')}];

/** Makes the functions, each after those that it needs. */
export const FUNCTIONS: readonly { readonly name: string; readonly sql: string }[] = [
${made.join('')}];

${functions
  .filter(({ isCall }) => isCall)
  .map(renderCall)
  .join('\n')}`;
}

function renderCall({ name, doc, args }) {
  for (const { name: arg, type } of args) {
    if (!TYPES[type]) throw new Error(`${name}: argument ${arg} has the unknown type "${type}"`);
  }
  const tuple = args.map((one) => `${camelCase(one.name)}: ${TYPES[one.type]}`).join(', ');
  return `/**${doc.length === 1 ? ` ${doc[0]} ` : `\n${doc.map((line) => ` * ${line}\n`).join('')} `}*/
export const ${camelCase(name)} = defineCall<readonly [${tuple}]>({
  name: '${name}',
  types: [${args.map(({ type }) => `'${type}'`).join(', ')}],
});
`;
}

function renderSql({ parts, tables, revision }) {
  const isTable = (verb) => tables.some(({ suffix }) => verb === `_${suffix}`);
  const named = parts.map((part) =>
    part.replace(NAME, (whole, verb) => (verb && !isTable(verb) ? `${whole}_${revision}` : whole)),
  );
  const names = tables
    .map(({ suffix }) => (suffix ? `distributed_lock_${suffix}` : 'distributed_lock'))
    .join(', ');
  return `-- Generated from ./sql/*.sql by \`npm run generate\`. Do not edit.
-- What the PostgreSQL store of nestjs-distributed-lock makes by itself when it connects, for databases in which it may
-- not: run it once, with the search_path at the schema that is meant. The user of the store then needs
--   GRANT USAGE ON SCHEMA <schema> TO <user>;
--   GRANT SELECT, INSERT, UPDATE, DELETE ON ${names} TO <user>;
${named.join(';\n').replace(/;;/g, ';')}
`;
}

function camelCase(name) {
  return name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
}

function main() {
  const at = (path) => fileURLToPath(new URL(`../lib/stores/postgres/${path}`, import.meta.url));
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
