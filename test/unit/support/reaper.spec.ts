import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { transformFileSync } from '@swc/core';
import { expect, it } from '@jest/globals';
import { launchRedis } from '../../support/redis-launcher.js';
import { until } from '../../support/until.js';

const PARENT = `
import { spawn } from 'node:child_process';
import { reap } from './reaper.mjs';
const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
reap(child);
process.stdout.write(String(child.pid));
setInterval(() => undefined, 1000);
`;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

it('ends the children of a process that was killed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lock-test-reaper-'));
  const { code } = transformFileSync('test/support/reaper.ts', {
    swcrc: false,
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    module: { type: 'es6' },
  });
  await writeFile(join(folder, 'reaper.mjs'), code);
  await writeFile(join(folder, 'parent.mjs'), PARENT);
  const parent = spawn(process.execPath, [join(folder, 'parent.mjs')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [text] = (await once(parent.stdout!, 'data')) as [Buffer];
  const pid = Number(String(text));
  expect(isAlive(pid)).toBe(true);
  parent.kill('SIGKILL');
  await until('the child is gone', () => !isAlive(pid));
  expect(isAlive(pid)).toBe(false);
  await rm(folder, { recursive: true });
});

it('says in one line what to install where there is no server', () => {
  const { TEST_REDIS_BINARY, TEST_REDIS_IMAGE } = process.env;
  delete process.env['TEST_REDIS_BINARY'];
  delete process.env['TEST_REDIS_IMAGE'];
  process.env['TEST_REDIS_MISSING'] = 'install it';
  try {
    expect(() => launchRedis({ port: 1, folder: '/tmp', options: [] })).toThrow(/^install it$/);
  } finally {
    delete process.env['TEST_REDIS_MISSING'];
    if (TEST_REDIS_BINARY !== undefined) process.env['TEST_REDIS_BINARY'] = TEST_REDIS_BINARY;
    if (TEST_REDIS_IMAGE !== undefined) process.env['TEST_REDIS_IMAGE'] = TEST_REDIS_IMAGE;
  }
});
