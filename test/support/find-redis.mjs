/**
 * Finds a Redis server to test against, once for all workers: a jest `globalSetup`, run before any of them starts.
 *
 * In this order: the binary named in REDIS_SERVER, an installed one, one that apt-get installs (as root on Debian),
 * docker. What was found is handed to the workers in the environment; where nothing was, so is the one line that says
 * what to install, and each suite that needs the server fails with it. A server that merely runs is never used.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** The image that stands in where there is no binary. */
const IMAGE = 'redis:7';

// oxlint-disable-next-line import/no-default-export -- jest calls the default export
export default function findRedis() {
  const found = named() ?? installed() ?? installByApt() ?? docker();
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

/** The package may start a service on the default port: it is left alone and not used. */
function installByApt() {
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) return undefined;
  const options = {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  };
  console.error('redis-server is not installed: installing it with apt-get, once.');
  try {
    execFileSync('apt-get', ['update', '-qq'], options);
    execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'redis-server'], options);
  } catch {
    return undefined;
  }
  return installed();
}

function docker() {
  const answers = spawnSync('docker', ['version'], { stdio: 'ignore' }).status === 0;
  return answers ? { TEST_REDIS_IMAGE: process.env.REDIS_IMAGE ?? IMAGE } : undefined;
}

function runs(binary) {
  return spawnSync(binary, ['--version'], { stdio: 'ignore' }).status === 0;
}
