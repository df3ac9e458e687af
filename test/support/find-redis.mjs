/**
 * Finds a Redis server to test against.
 *
 * In this order: the binary named in REDIS_SERVER, an installed one, one that apt-get installs (as root on Debian),
 * docker.
 */
import { spawnSync } from 'node:child_process';
import { installByApt } from './install-by-apt.mjs';

/** The image that stands in where there is no binary. */
const IMAGE = 'redis:7';

/** Hands what was found to the workers, or the line that says what to install. */
export function findRedis() {
  const found =
    named() ?? installed() ?? (installByApt('redis-server') ? installed() : undefined) ?? docker();
  if (found) Object.assign(process.env, found);
  else {
    process.env.TEST_REDIS_MISSING =
      'No Redis server to test against: install redis-server (or docker), or name a binary in REDIS_SERVER.';
  }
}

function named() {
  const binary = process.env.REDIS_SERVER;
  if (!binary) return undefined;
  return runs(binary)
    ? { TEST_REDIS_BINARY: binary }
    : { TEST_REDIS_MISSING: `REDIS_SERVER is ${binary}, which does not run: name a redis-server binary.` };
}

function installed() {
  const binary = [
    'redis-server',
    'valkey-server',
    '/usr/bin/redis-server',
    '/usr/local/bin/redis-server',
  ].find(runs);
  return binary ? { TEST_REDIS_BINARY: binary } : undefined;
}

function docker() {
  const answers = spawnSync('docker', ['version'], { stdio: 'ignore' }).status === 0;
  return answers ? { TEST_REDIS_IMAGE: process.env.REDIS_IMAGE ?? IMAGE } : undefined;
}

function runs(binary) {
  return spawnSync(binary, ['--version'], { stdio: 'ignore' }).status === 0;
}
