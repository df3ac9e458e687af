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
  return [HEAD, ...files.sort().map((file) => render(readScript(folder, file)))].join('\n');
}

const HEAD = `// Generated from ./lua/*.lua by \`npm run generate\`. Do not edit.
import { defineScript } from './script.js';
`;

function readScript(folder, file) {
  const text = readFileSync(join(folder, file), 'utf8');
  return naming(file, () => {
    const tags = readTags(text);
    const lua = [...new Includes(folder).of(tags.include), codeOf(text)].join('\n');
    const keys = readList(tags.key, tags.keys, parseKey);
    const args = readList(tags.arg, tags.args, parseArgument);
    checkUses('KEYS', lua, keys);
    checkUses('ARGV', lua, args);
    const name = camelCase(file.slice(0, -'.lua'.length));
    return { name, doc: readSummary(text), returns: readReturn(tags.return), lua, keys, args };
  });
}

/** Runs `work` and puts the file's name before what it complains of. */
function naming(file, work) {
  try {
    return work();
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

function parseKey(line) {
  return { name: line.split(/\s+/)[0], type: 'string' };
}

function parseArgument(line) {
  const [name, word] = line.split(/\s+/);
  if (!TYPES[word]) throw new Error(`argument ${name} has the unknown type "${word}"`);
  return { name, type: TYPES[word] };
}

function readList(fixed, rest, parse) {
  if (rest.length > 1) throw new Error('has more than one @keys or @args');
  return { fixed: fixed.map(parse), rest: rest.map(parse)[0] };
}

/** Depth first, each once: what an include needs stands before it. */
class Includes {
  #done = new Set();
  #open = [];

  constructor(folder) {
    this.folder = folder;
  }

  of(names) {
    return names.flatMap((name) => this.#read(name));
  }

  #read(name) {
    if (this.#open.includes(name)) {
      throw new Error(`include ${name} includes itself: ${[...this.#open, name].join(' -> ')}`);
    }
    if (this.#done.has(name)) return [];
    this.#done.add(name);
    this.#open.push(name);
    const text = readFileSync(join(this.folder, 'include', `${name}.lua`), 'utf8');
    const parts = [...naming(`include/${name}.lua`, () => this.of(readTags(text).include)), codeOf(text)];
    this.#open.pop();
    return parts;
  }
}

/** The code without its comment lines, which the server need not hash or keep. */
function codeOf(text) {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !/^\s*--/.test(line));
  return lines.join('\n');
}

/** Each declared input is read, and none that is not declared. */
function checkUses(table, lua, { fixed, rest }) {
  const read = new Set(
    [...lua.matchAll(new RegExp(`\\b${table}\\[(\\d+)\\]`, 'g'))].map((match) => Number(match[1])),
  );
  const idle = fixed.findIndex((_, index) => !read.has(index + 1));
  if (idle >= 0) throw new Error(`declares ${fixed[idle].name} as ${table}[${idle + 1}] but never reads it`);
  const beyond = [...read].find((index) => index < 1 || index > fixed.length);
  if (beyond !== undefined) throw new Error(`reads ${table}[${beyond}] but declares ${fixed.length}`);
  const readsAll = new RegExp(`\\b${table}\\b(?!\\[\\d+\\])`).test(lua);
  if (rest && !readsAll) throw new Error(`declares ${rest.name} as the rest of ${table} but never reads it`);
  if (!rest && readsAll) throw new Error(`reads ${table} by a computed index but declares no rest of it`);
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
