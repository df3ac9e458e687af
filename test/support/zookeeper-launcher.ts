import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Launched, lifeOf } from './launched.js';
import { reap } from './reaper.js';

/** Names and values, of a configuration or of Java's system properties. */
export type ZooKeeperSettings = Readonly<Record<string, string | number>>;

export interface ZooKeeperPlace {
  readonly port: number;
  /** Everything of the server is below it. */
  readonly folder: string;
  /** Of its zoo.cfg. */
  readonly settings: ZooKeeperSettings;
  /** Given as -D. */
  readonly properties: ZooKeeperSettings;
}

/** Sessions may be as short as two of these. */
export const TICK_MS = 250;

/** A small machine is enough, and it is there within half a second. */
const MACHINE = ['-Xms24m', '-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'];

/** Starts a server on a loopback port; what it says goes to the file `log` of its folder. */
export function launchZooKeeper({ port, folder, settings, properties }: ZooKeeperPlace): Launched {
  const config = {
    tickTime: TICK_MS,
    dataDir: join(folder, 'data'),
    clientPort: port,
    clientPortAddress: '127.0.0.1',
    minSessionTimeout: 2 * TICK_MS,
    maxClientCnxns: 0,
    'admin.enableServer': 'false',
    '4lw.commands.whitelist': '*',
    ...settings,
  };
  const file = join(folder, 'zoo.cfg');
  writeFileSync(file, linesOf(config).join('\n'));
  const all = {
    'znode.container.checkIntervalMs': 500,
    // What is written outlives the process; it need not outlive the machine.
    'zookeeper.forceSync': 'no',
    'org.slf4j.simpleLogger.defaultLogLevel': 'info',
    'org.slf4j.simpleLogger.logFile': join(folder, 'log'),
    ...properties,
  };
  const flags = linesOf(all).map((line) => `-D${line}`);
  const { java, classPath } = found();
  const args = [...MACHINE, ...flags, '-cp', classPath, 'org.apache.zookeeper.server.quorum.QuorumPeerMain'];
  const child = spawn(java, [...args, file], { stdio: 'ignore', cwd: folder });
  child.on('error', () => undefined);
  child.unref();
  const reaper = reap(child, folder);
  return {
    ...lifeOf(child, reaper, () => child.kill('SIGKILL')),
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
  };
}

function linesOf(settings: ZooKeeperSettings): string[] {
  return Object.entries(settings).map(([name, value]) => `${name}=${value}`);
}

function found(): { java: string; classPath: string } {
  const {
    TEST_ZOOKEEPER_JAVA: java,
    TEST_ZOOKEEPER_CLASS_PATH: classPath,
    TEST_ZOOKEEPER_MISSING: missing,
  } = process.env;
  if (java && classPath) return { java, classPath };
  throw new Error(missing ?? 'Run the tests with `npm test`: its set-up finds the ZooKeeper server.');
}
