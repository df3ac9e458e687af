import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RedisServer } from '../../support/redis-server.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock-test-named-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** A server by another name, which notes that it was started. */
function otherServer(): string {
  const path = join(folder, 'valkey-server');
  const real = process.env['TEST_REDIS_BINARY'] ?? 'redis-server';
  writeFileSync(path, `#!/bin/sh\necho "$@" >> '${folder}/started'\nexec '${real}' "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

/** What is found by a run of the tests in whose environment a server is named. */
function foundWith(named: string): Record<string, string> {
  const look = `import('./test/support/find-redis.mjs').then(({ findRedis }) => {
    findRedis();
    console.log(JSON.stringify(process.env));
  })`;
  const { TEST_REDIS_BINARY: _, ...rest } = process.env;
  const env = { ...rest, REDIS_SERVER: named };
  return JSON.parse(execFileSync(process.execPath, ['-e', look], { env, encoding: 'utf8' })) as Record<
    string,
    string
  >;
}

describe('the server that the environment names in REDIS_SERVER', () => {
  it('is the one that the tests start, whatever else is installed', async () => {
    const path = otherServer();
    expect(foundWith(path)['TEST_REDIS_BINARY']).toBe(path);
    const before = process.env['TEST_REDIS_BINARY'];
    process.env['TEST_REDIS_BINARY'] = path;
    const server = await RedisServer.start();
    process.env['TEST_REDIS_BINARY'] = before;
    await server.stop();
    expect(readFileSync(join(folder, 'started'), 'utf8')).toContain(`--port ${server.port}`);
  });

  it('is never replaced by another where it does not run: the tests fail with the reason', () => {
    const found = foundWith(join(folder, 'nothing'));
    expect(found['TEST_REDIS_BINARY']).toBeUndefined();
    expect(found['TEST_REDIS_MISSING']).toContain('which does not run: name a redis-server binary.');
  });
});
