import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const HEADER =
  '--- Frees the lock.\n-- @key lock  the state\n-- @arg owner  string  its id\n-- @return 0 | 1  1 when it was held\n';
const CODE = "return redis.call('HDEL', KEYS[1], ARGV[1])\n";

describe('npm run generate', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lua-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (name: string, text: string) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  const out = () => join(folder, 'scripts.generated.ts');
  const run = (...flags: string[]) => {
    const { status, stderr } = spawnSync(
      process.execPath,
      ['scripts/generate-scripts.mjs', folder, out(), ...flags],
      { encoding: 'utf8' },
    );
    return { status, stderr };
  };
  const generated = () => readFileSync(out(), 'utf8');

  it('types the keys, arguments and answer of a script as its header says', () => {
    write('free-one.lua', HEADER + CODE);
    expect(run().status).toBe(0);
    expect(generated()).toContain('/** Frees the lock. */\nexport const freeOne = defineScript<{');
    expect(generated()).toContain('keys: readonly [lock: string];');
    expect(generated()).toContain('args: readonly [owner: string];');
    expect(generated()).toContain('returns: 0 | 1;');
  });

  it('takes any number of further keys and arguments', () => {
    write(
      'free.lua',
      `${HEADER}-- @keys more  x\n-- @args leases  integer  x\nlocal n, m = #KEYS, #ARGV\n${CODE}`,
    );
    expect(run().status).toBe(0);
    expect(generated()).toContain('keys: readonly [lock: string, ...more: string[]];');
    expect(generated()).toContain('args: readonly [owner: string, ...leases: number[]];');
  });

  it('puts an include once, before all that need it', () => {
    write('include/time.lua', '-- the clock\nlocal function now() return 1 end\n');
    write('include/lease.lua', '-- @include time\nlocal function lease() return now() end\n');
    write('free.lua', `${HEADER}-- @include lease\n-- @include time\n${CODE}`);
    expect(run().status).toBe(0);
    const lines = generated()
      .split('\n')
      .filter((line) => /function|HDEL/.test(line));
    expect(lines.map((line) => line.match(/now|lease|HDEL/)?.[0])).toEqual(['now', 'lease', 'HDEL']);
  });

  it('keeps backslashes, backticks and dollars as they stand in the script', () => {
    write('free.lua', `${HEADER}local odd = 'a\\0b\`\${c}'\n${CODE}`);
    expect(run().status).toBe(0);
    expect(generated()).toContain("local odd = 'a\\\\0b\\`\\${c}'");
  });

  it.each([
    [
      'reads a key it does not declare',
      HEADER + CODE.replace('KEYS[1]', 'KEYS[2]'),
      'free.lua: declares lock as KEYS[1] but never reads it',
    ],
    [
      'reads an argument it does not declare',
      `${HEADER}local a = ARGV[2]\n${CODE}`,
      'free.lua: reads ARGV[2] but declares 1',
    ],
    [
      'reads all arguments and declares one',
      `${HEADER}local n = #ARGV\n${CODE}`,
      'free.lua: reads ARGV by a computed index',
    ],
    [
      'declares further keys and reads none',
      `${HEADER}-- @keys more  x\n${CODE}`,
      'free.lua: declares more as the rest of KEYS',
    ],
    ['has no summary', `-- @return 0  x\nreturn 0`, 'free.lua: must begin with a summary'],
    ['does not say what it answers', `--- Frees.\nreturn 0`, 'free.lua: has 0 @return lines'],
    [
      'has a type nobody knows',
      HEADER.replace('string', 'text') + CODE,
      'free.lua: argument owner has the unknown type "text"',
    ],
    ['has a tag nobody knows', `${HEADER}-- @argument a\n${CODE}`, 'free.lua: unknown tag @argument'],
  ])('refuses a script that %s', (_, text, why) => {
    write('free.lua', text);
    const { status, stderr } = run();
    expect(status).not.toBe(0);
    expect(stderr).toContain(why);
  });

  it('refuses includes that need each other', () => {
    write('include/a.lua', '-- @include b\nlocal a = 1\n');
    write('include/b.lua', '-- @include a\nlocal b = 1\n');
    write('free.lua', `${HEADER}-- @include a\n${CODE}`);
    expect(run().stderr).toContain('includes itself: a -> b -> a');
  });

  it('tells a stale file from a fresh one', () => {
    write('free.lua', HEADER + CODE);
    run();
    expect(run('--check').status).toBe(0);
    write('free.lua', `${HEADER}local changed = 1\n${CODE}`);
    expect(run('--check')).toMatchObject({ status: 1, stderr: expect.stringContaining('npm run generate') });
  });
});
