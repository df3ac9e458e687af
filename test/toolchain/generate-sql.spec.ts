import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const TABLE =
  'CREATE TABLE IF NOT EXISTS distributed_lock (\n  key bytea PRIMARY KEY,\n  line uuid[] NOT NULL\n);\n';
const HEADER =
  '--- Frees the lock.\n-- @arg  of_key  bytea  Which.\n-- @arg  many  bigint[]  How many.\n-- @return  text  Empty.\n-- @call\n';
const CODE =
  "CREATE OR REPLACE FUNCTION distributed_lock_free_one(of_key bytea, many bigint[]) RETURNS text\nLANGUAGE sql AS $$\n  -- Why.\n  SELECT ''\n$$;\n";

describe('the generator of the SQL', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sql-'));
    write('table.sql', TABLE);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  const out = (name: string): string => join(folder, name);
  const run = (...flags: string[]) => {
    const args = ['scripts/generate-sql.mjs', folder, out('made.ts'), out('made.txt'), ...flags];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    return { status, stderr };
  };
  const generated = (name = 'made.ts'): string => readFileSync(out(name), 'utf8');

  it('types the arguments of what clients call as its header says, and lists the columns of the table', () => {
    write('free-one.sql', HEADER + CODE);
    expect(run()).toEqual({ status: 0, stderr: '' });
    expect(generated()).toContain(
      '/** Frees the lock. */\nexport const freeOne = defineCall<readonly [ofKey: string, many: readonly number[]]>({',
    );
    expect(generated()).toContain("types: ['bytea', 'bigint[]'],");
    expect(generated()).toContain("{ suffix: '', columns: 'key bytea, line uuid[]', sql:");
    expect(generated()).not.toContain('Why.');
  });

  it('puts a function behind those that it needs, and one revision into all their names', () => {
    const needed = '--- Looks.\n-- @return  void\n';
    write(
      'zebra.sql',
      `${needed}CREATE OR REPLACE FUNCTION distributed_lock_zebra() RETURNS void AS $$ $$;\n`,
    );
    write('free-one.sql', `${HEADER}-- @needs  zebra\n${CODE.replace("''", 'distributed_lock_zebra()')}`);
    expect(run()).toEqual({ status: 0, stderr: '' });
    const names = [...generated().matchAll(/\{ name: '(\w+)'/g)].map(([, name]) => name);
    expect(names).toEqual(['zebra', 'free_one']);
    const revision = /REVISION = '([0-9a-f]{8})'/.exec(generated())?.[1];
    expect(generated('made.txt')).toContain(`FUNCTION distributed_lock_zebra_${revision}()`);
    expect(generated('made.txt')).toContain(`SELECT distributed_lock_zebra_${revision}()`);
    expect(generated('made.txt')).toContain('IF NOT EXISTS distributed_lock (');
  });

  it('knows more tables than one, whose names carry no revision and need no function', () => {
    const rows = 'CREATE TABLE IF NOT EXISTS distributed_lock_rows (\n  id bytea PRIMARY KEY\n);\n';
    write('rows.table.sql', rows);
    write('free-one.sql', HEADER + CODE.replace("''", "'' FROM distributed_lock_rows"));
    expect(run()).toEqual({ status: 0, stderr: '' });
    expect(generated()).toContain("{ suffix: 'rows', columns: 'id bytea', sql:");
    expect(generated('made.txt')).toContain("'' FROM distributed_lock_rows\n");
    expect(generated('made.txt')).toContain('ON distributed_lock, distributed_lock_rows TO <user>;');
  });

  it.each([
    [
      'takes other arguments',
      HEADER.replace('many', 'more') + CODE,
      'takes (of_key bytea, many bigint[]) but',
    ],
    [
      'answers something else',
      HEADER + CODE.replace('RETURNS text', 'RETURNS void'),
      'returns void but declares',
    ],
    [
      'has another name',
      HEADER + CODE.replace('free_one', 'free_two'),
      'must create the function distributed_lock',
    ],
    ['has no summary', HEADER.replace('--- ', '-- ') + CODE, 'must begin with a summary'],
    ['has a tag nobody knows', `-- @argument a\n${HEADER}${CODE}`, 'unknown tag @argument'],
    [
      'calls what it does not name',
      HEADER + CODE.replace("''", 'distributed_lock_zebra()'),
      'calls zebra but',
    ],
    ['names what it does not call', `${HEADER}-- @needs  zebra\n${CODE}`, 'needs zebra but does not call it'],
    [
      'needs what is not there',
      `${HEADER}-- @needs  zebra\n${CODE.replace("''", 'distributed_lock_zebra()')}`,
      'no file',
    ],
  ])('refuses a function that %s', (_, text, why) => {
    write('free-one.sql', text);
    const { status, stderr } = run();
    expect(status).not.toBe(0);
    expect(stderr).toContain(why);
  });

  it('tells a stale file from a fresh one', () => {
    write('free-one.sql', HEADER + CODE);
    run();
    expect(run('--check').status).toBe(0);
    write('free-one.sql', HEADER + CODE.replace("''", "'x'"));
    expect(run('--check')).toMatchObject({ status: 1, stderr: expect.stringContaining('npm run generate') });
  });
});
