import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Launched, lifeOf } from './launched.js';
import { reap } from './reaper.js';

export interface PostgresPlace {
  readonly port: number;
  /** Everything of the server is below it. */
  readonly folder: string;
}

/** Makes an empty cluster, whose superuser is `postgres`; everybody is let in unless there is a password. */
export function initPostgres({ folder }: PostgresPlace, password?: string): void {
  const words = join(folder, 'password');
  writeFileSync(words, `${password ?? ''}\n`);
  mkdirSync(dataOf(folder), { mode: 0o700 });
  const { uid, gid } = whoRunsIt();
  // initdb refuses root, and its own user must reach the folder.
  for (const path of [folder, words, dataOf(folder)]) chownSync(path, uid, gid);
  const auth = password === undefined ? ['--auth=trust'] : ['--auth=scram-sha-256', `--pwfile=${words}`];
  const args = ['-D', dataOf(folder), '-U', 'postgres', '-E', 'UTF8', '--locale=C', '--no-sync', ...auth];
  execFileSync(programOf('initdb'), args, { stdio: ['ignore', 'ignore', 'pipe'], cwd: folder, uid, gid });
}

/** Copies a running server, and has the copy follow it. */
export function copyPostgres({ folder }: PostgresPlace, url: string): void {
  mkdirSync(dataOf(folder), { mode: 0o700 });
  const { uid, gid } = whoRunsIt();
  for (const path of [folder, dataOf(folder)]) chownSync(path, uid, gid);
  const how = ['--write-recovery-conf', '--wal-method=stream', '--checkpoint=fast', '--no-sync'];
  const args = ['-D', dataOf(folder), '-d', url, ...how];
  execFileSync(programOf('pg_basebackup'), args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    cwd: folder,
    uid,
    gid,
  });
}

/** Starts the server on a loopback port. `settings` are those of its configuration. */
export function launchPostgres(
  { port, folder }: PostgresPlace,
  settings: Readonly<Record<string, string>>,
): Launched {
  const options = { listen_addresses: '127.0.0.1', unix_socket_directories: '', fsync: 'off', ...settings };
  const flags = Object.entries(options).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const args = ['-D', dataOf(folder), '-p', String(port), ...flags];
  const child = spawn(programOf('postgres'), args, { stdio: 'ignore', cwd: folder, ...whoRunsIt() });
  child.on('error', () => undefined);
  child.unref();
  const reaper = reap(child, folder);
  const signal = (name: NodeJS.Signals): void => {
    for (const pid of [child.pid!, ...childrenOf(child.pid!)]) send(pid, name);
  };
  return {
    ...lifeOf(child, reaper, () => signal('SIGKILL')),
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
  };
}

/** Each connection is a process of its own. */
function childrenOf(pid: number): number[] {
  const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' });
  return stdout.split('\n').flatMap((line) => (line.trim() === '' ? [] : [Number(line)]));
}

function send(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended meanwhile.
  }
}

/** As whom a server runs: not as root, which it refuses. */
export function whoRunsIt(): { uid: number; gid: number } {
  const [uid, gid] = [process.getuid!(), process.getgid!()];
  if (uid !== 0) return { uid, gid };
  const idOf = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: idOf('-u'), gid: idOf('-g') };
}

function programOf(name: string): string {
  const { TEST_POSTGRES_BIN: bin, TEST_POSTGRES_MISSING: missing } = process.env;
  if (bin) return join(bin, name);
  throw new Error(missing ?? 'Run the tests with `npm test`: its set-up finds the PostgreSQL server.');
}

function dataOf(folder: string): string {
  return join(folder, 'data');
}
