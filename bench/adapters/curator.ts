import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Library, Locker } from '../library.js';
import type { Urls } from '../grounds/ground.js';
import { openYardstick } from './zookeeper-yardstick.js';

const NS_PER_MS = 1e6;

/** Its process, which answers a line with a line, in order. */
class Curator {
  private readonly asked: ((line: string) => void)[] = [];

  private constructor(private readonly child: ReturnType<typeof spawnCurator>) {
    createInterface({ input: child.stdout }).on('line', (line) => this.asked.shift()?.(line));
  }

  static async start(address: string): Promise<Curator> {
    const curator = new Curator(spawnCurator(address));
    await curator.answer();
    return curator;
  }

  ask(line: string): Promise<string> {
    this.child.stdin.write(`${line}\n`);
    return this.answer();
  }

  /** It ends with its input. */
  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.stdin.end();
    await ended;
  }

  private answer(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.asked.push(resolve);
      this.child.once('exit', () => reject(new Error('Curator has ended')));
    });
  }
}

function spawnCurator(address: string) {
  const classPath = process.env['BENCH_CURATOR_CLASS_PATH'];
  if (classPath === undefined) throw new Error(`No Curator: ${process.env['BENCH_CURATOR_MISSING']}`);
  const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=error';
  const args = [quiet, '-cp', classPath, 'CuratorContestant', address];
  const child = spawn('java', args, { stdio: ['pipe', 'pipe', 'inherit'] });
  child.setMaxListeners(0);
  return child;
}

async function open([url = '']: Urls): Promise<Locker> {
  const curator = await Curator.start(new URL(url).host);
  const pathOf = (key: string): string => `/curator/${encodeURIComponent(key)}`;
  const moment = async (line: string): Promise<number> => Number(await curator.ask(line)) / NS_PER_MS;
  return {
    // Its own wait has no end: what a workload asks for here always comes.
    async acquire(key) {
      const takenMs = await moment(`acquire ${pathOf(key)}`);
      return Object.assign(() => moment(`release ${pathOf(key)}`), { takenMs });
    },
    async timePairs(key, count) {
      const line = await curator.ask(`pairs ${pathOf(key)} ${count}`);
      return line.split(',').map((took) => Number(took) / NS_PER_MS);
    },
    close: () => curator.end(),
  };
}

/** Curator's InterProcessMutex, as its own page on locks begins. */
export const library: Library = {
  name: 'Apache Curator (Java)',
  version: () => process.env['BENCH_CURATOR_VERSION'] ?? '',
  role: 'peer',
  // Its locks belong to threads, and the contestant has one.
  waitsOnce: true,
  ground: 'zookeeper',
  open,
  openYardstick,
};
