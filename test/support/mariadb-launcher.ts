import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { type Launched, lifeOf } from './launched.js';
import { reap } from './reaper.js';

export interface MariadbPlace {
  readonly port: number;
  /** Everything of the server is below it. */
  readonly folder: string;
}

/** Makes an empty data folder, whose superuser is `root` without a password, from any host. */
export function initMariadb({ folder }: MariadbPlace): void {
  const args = ['--no-defaults', `--datadir=${dataOf(folder)}`, '--auth-root-authentication-method=normal'];
  const more = ['--skip-test-db', `--tmpdir=${folder}`, ...userFlags()];
  execFileSync(programOf('TEST_MARIADB_INSTALL'), [...args, ...more], {
    stdio: ['ignore', 'ignore', 'pipe'],
    cwd: folder,
  });
}

/** Starts the server on a loopback port. `settings` are those of its configuration. */
export function launchMariadb(
  { port, folder }: MariadbPlace,
  settings: Readonly<Record<string, string>>,
): Launched {
  const options = {
    'bind-address': '127.0.0.1',
    port: String(port),
    datadir: dataOf(folder),
    socket: join(folder, 'socket'),
    'pid-file': join(folder, 'pid'),
    // Servers that share one take each other's files.
    tmpdir: folder,
    // What is committed outlives the process; it need not outlive the machine.
    'innodb-flush-log-at-trx-commit': '2',
    'skip-log-bin': '1',
    'skip-name-resolve': '1',
    ...settings,
  };
  const flags = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  const args = ['--no-defaults', ...userFlags(), ...flags];
  const child = spawn(programOf('TEST_MARIADB_SERVER'), args, { stdio: 'ignore', cwd: folder });
  child.on('error', () => undefined);
  child.unref();
  const reaper = reap(child, folder);
  return {
    ...lifeOf(child, reaper, () => child.kill('SIGKILL')),
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
  };
}

/** As root it refuses to run unless it is told to. */
function userFlags(): string[] {
  return process.getuid!() === 0 ? ['--user=root'] : [];
}

function programOf(name: string): string {
  const { [name]: program, TEST_MARIADB_MISSING: missing } = process.env;
  if (program) return program;
  throw new Error(missing ?? 'Run the tests with `npm test`: its set-up finds the MariaDB server.');
}

function dataOf(folder: string): string {
  return join(folder, 'data');
}
