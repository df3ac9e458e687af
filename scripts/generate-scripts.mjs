/**
 * Turns the Lua scripts of the Redis store into one typed TypeScript file: `npm run generate`.
 * With `--check` nothing is written; exit status 1 where the committed file is stale.
 *
 * A script is a file of `lua/`; its header is its contract, and what the code uses is held against it:
 *
 *   --- One sentence of what it does.
 *   -- @key     state   What stands there.                        KEYS[1], KEYS[2] … in order
 *   -- @keys    others  Any number of further keys.               at most once, after every @key
 *   -- @arg     owner   string   Id of the request.               ARGV[1], ARGV[2] … in order
 *   -- @args    leases  integer  Any number of further values.    at most once, after every @arg
 *   -- @return  0 | 1   Type, two spaces, meaning.
 *   -- @include time                                              lua/include/time.lua, before the code
 *
 * An include may include others; each stands once in the result, before what needs it. Comment lines are not sent.
 * Types of values: `string`, `integer`, `value` (either).
 */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const TYPES = { string: 'string', integer: 'number', value: 'string | number' };
const TAGS = ['key', 'keys', 'arg', 'args', 'return', 'include'];

/** The text of the generated file for a folder of scripts. @throws where a header and its code disagree */
export function generate(folder) {
  const files = readdirSync(folder).filter((name) => name.endsWith('.lua'));
  const scripts = files.sort().map((file) => readScript(folder, file));
  return [HEAD, ...scripts.map(render)].join('\n');
}

const HEAD = `// Generated from ./lua/*.lua by \`npm run generate\`. Do not edit.
import { defineScript } from './script.js';
`;

function readScript(folder, file) {
  const text = readFileSync(join(folder, file), 'utf8');
  const fail = (why) => {
    throw new Error(`${file}: ${why}`);
  };
  const tags = readTags(text, fail);
  const returns = tags.return.map((line) => line.split(/\s{2,}/)[0]);
  if (returns.length !== 1) fail(`has ${returns.length} @return lines; it must have one`);
  const lua = [...collectIncludes(folder, tags.include), codeOf(text)].join('\n');
  const inputs = { keys: readKeys(tags, fail), args: readArgs(tags, fail) };
  checkUses('KEYS', lua, inputs.keys, fail);
  checkUses('ARGV', lua, inputs.args, fail);
  return {
    name: camelCase(file.slice(0, -'.lua'.length)),
    doc: readSummary(text, fail),
    returns: returns[0],
    lua,
    ...inputs,
  };
}

function readSummary(text, fail) {
  const lines =
    text.match(/^--- .+(?:\n-- (?!@).+)*/)?.[0] ?? fail('must begin with a summary: --- One sentence.');
  return lines.replace(/^-{2,3} /gm, '').split('\n');
}

/** All tag lines, by tag. An unknown tag is a slip of the pen, not a comment. */
function readTags(text, fail) {
  const found = Object.fromEntries(TAGS.map((tag) => [tag, []]));
  for (const [, tag, rest] of text.matchAll(/^-- @(\w+)[^\S\n]*(.*)$/gm)) {
    (found[tag] ?? fail(`unknown tag @${tag}`)).push(rest.trim());
  }
  return found;
}

function readKeys(tags, fail) {
  return readList(tags.key, tags.keys, fail, (line) => ({ name: line.split(/\s+/)[0], type: 'string' }));
}

function readArgs(tags, fail) {
  return readList(tags.arg, tags.args, fail, (line) => {
    const [name, word] = line.split(/\s+/);
    return { name, type: TYPES[word] ?? fail(`argument ${name} has the unknown type "${word}"`) };
  });
}

function readList(fixed, rest, fail, parse) {
  if (rest.length > 1) fail('has more than one @keys or @args');
  return { fixed: fixed.map(parse), rest: rest.map(parse)[0] };
}

/** Depth first, each once: what an include needs stands before it. */
function collectIncludes(folder, names, seen = new Map(), path = []) {
  return names.flatMap((name) => {
    if (path.includes(name))
      throw new Error(`include/${name}.lua: includes itself (${[...path, name].join(' -> ')})`);
    if (seen.has(name)) return [];
    const text = readFileSync(join(folder, 'include', `${name}.lua`), 'utf8');
    const fail = (why) => {
      throw new Error(`include/${name}.lua: ${why}`);
    };
    const inner = collectIncludes(folder, readTags(text, fail).include, seen, [...path, name]);
    seen.set(name, true);
    return [...inner, codeOf(text)];
  });
}

/** The code without its comment lines, which the server need not hash or keep. */
function codeOf(text) {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !/^\s*--/.test(line));
  return lines.join('\n');
}

/** Each declared input is read, and none that is not declared. */
function checkUses(table, lua, { fixed, rest }, fail) {
  const literal = new Set(
    [...lua.matchAll(new RegExp(`\\b${table}\\[(\\d+)\\]`, 'g'))].map((match) => Number(match[1])),
  );
  fixed.forEach((one, index) => {
    if (!literal.has(index + 1)) fail(`declares ${one.name} as ${table}[${index + 1}] but never reads it`);
  });
  const beyond = [...literal].find((index) => index < 1 || index > fixed.length);
  if (beyond !== undefined) fail(`reads ${table}[${beyond}] but declares ${fixed.length}`);
  const readsAll = new RegExp(`#${table}\\b|\\b${table}\\b(?!\\[\\d+\\])`).test(lua);
  if (rest && !readsAll) fail(`declares ${rest.name} as the rest of ${table} but never reads it`);
  if (!rest && readsAll) fail(`reads ${table} by a computed index but declares no rest of it`);
}

function render({ name, doc, keys, args, returns, lua }) {
  return `/**${doc.length === 1 ? ` ${doc[0]} ` : `\n${doc.map((line) => ` * ${line}\n`).join('')} `}*/
export const ${name} = defineScript<{
  keys: ${tuple(keys)};
  args: ${tuple(args)};
  returns: ${returns};
}>({
  name: '${name}',
  sha1: '${createHash('sha1').update(lua).digest('hex')}',
  lua: \`${lua.replace(/[\\`]|\$\{/g, '\\$&')}\`,
});
`;
}

function tuple({ fixed, rest }) {
  const parts = fixed.map((one) => `${one.name}: ${one.type}`);
  if (rest) parts.push(`...${rest.name}: ${rest.type.includes('|') ? `(${rest.type})` : rest.type}[]`);
  return `readonly [${parts.join(', ')}]`;
}

function camelCase(name) {
  return name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
}

function main() {
  const [folder, file] = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
  const from = folder ?? fileURLToPath(new URL('../lib/stores/redis/lua', import.meta.url));
  const to = file ?? fileURLToPath(new URL('../lib/stores/redis/scripts.generated.ts', import.meta.url));
  const text = generate(from);
  if (!process.argv.includes('--check')) return writeFileSync(to, text);
  if (readFileSync(to, 'utf8') === text) return undefined;
  console.error(`${to} is stale. Run: npm run generate`);
  process.exitCode = 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main();
