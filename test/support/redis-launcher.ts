import { spawn, spawnSync } from 'node:child_process';
import { type Launched, lifeOf } from './launched.js';
import { reap, reapWith } from './reaper.js';

export interface LaunchRequest {
  readonly port: number;
  /** Where it keeps its data. */
  readonly folder: string;
  /** Options of redis-server, as on its command line, without port, address and folder. */
  readonly options: readonly string[];
  /** Runs as a sentinel, with this file of the folder as its configuration. */
  readonly sentinelFile?: string;
}

/** Starts a redis-server on a loopback port, as `find-redis.mjs` found it. */
export function launchRedis(request: LaunchRequest): Launched {
  const { TEST_REDIS_BINARY: binary, TEST_REDIS_IMAGE: image, TEST_REDIS_MISSING: missing } = process.env;
  if (binary) return launchBinary(binary, request);
  if (image) return launchContainer(image, request);
  throw new Error(missing ?? 'Run the tests with `npm test`: its set-up finds the Redis server.');
}

function launchBinary(binary: string, request: LaunchRequest): Launched {
  const { folder } = request;
  const child = spawn(binary, argsOf(request, folder), { stdio: 'ignore' });
  child.on('error', () => undefined);
  child.unref();
  const reaper = reap(child, folder);
  const signal = (name: NodeJS.Signals): void => void child.kill(name);
  return {
    ...lifeOf(child, reaper, () => signal('SIGKILL')),
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
  };
}

/** On the host's network: the servers of one topology name each other by their addresses. */
function launchContainer(image: string, request: LaunchRequest): Launched {
  const { port, folder } = request;
  const name = `lock-test-redis-${process.pid}-${port}`;
  const flags = ['--rm', '--name', name, '--network', 'host', '-v', `${folder}:/data`];
  const args = ['run', ...flags, image, 'redis-server', ...argsOf(request, '/data')];
  const child = spawn('docker', args, { stdio: 'ignore' });
  child.on('error', () => undefined);
  child.unref();
  const reaper = reapWith(`docker rm -f ${name}; rm -rf '${folder}'`);
  const docker = (verb: string): void => void spawnSync('docker', [verb, name], { stdio: 'ignore' });
  return {
    ...lifeOf(child, reaper, () => docker('kill')),
    pause: () => docker('pause'),
    resume: () => docker('unpause'),
  };
}

function argsOf({ port, options, sentinelFile }: LaunchRequest, folder: string): string[] {
  const place = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder];
  return sentinelFile === undefined
    ? [...place, ...options]
    : [`${folder}/${sentinelFile}`, '--sentinel', ...place, ...options];
}
