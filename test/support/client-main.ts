/** A client in a process of its own: does what its parent asks, and tells by itself of losses. */
import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { LockRuntime } from '../../lib/core/lock-runtime.js';
import { storeFromUrl } from '../../lib/url/index.js';
import { answerParent, type Correspondence } from './client-channel.js';
import { handleVerbs } from './handle-verbs.js';

const [url, settings] = process.argv.slice(2) as [string, string];

const runtime = new LockRuntime({
  store: await storeFromUrl(url),
  namespace: 'fault',
  waitMs: 30_000,
  watchdogMs: 2_000,
  shutdownMs: 1_000,
  ...(JSON.parse(settings) as object),
});

/** What a parent may ask for. */
const verbs = {
  ...handleVerbs(runtime, () => parent),
  /** Reads count and last token from a file, and writes them back one further, with time in between; `times` at once. */
  async increment(key: string, file: string, times: number) {
    const once = () =>
      runtime.withLock(key, { waitTime: Infinity }, async (lock) => {
        const [count, lastToken] = (await readFile(file, 'utf8')).split(' ').map(Number) as [number, number];
        await sleep(0);
        if (lock.fencingToken <= lastToken) throw new Error(`token ${lock.fencingToken} after ${lastToken}`);
        await writeFile(file, `${count + 1} ${lock.fencingToken}`);
      });
    await Promise.all(Array.from({ length: times }, once));
  },
  /** Takes the lock over and over, for nothing, so many at once, for so long. */
  async churn(key: string, { waiters, forMs }: { waiters: number; forMs: number }) {
    const endMs = performance.now() + forMs;
    const rssBefore = process.memoryUsage().rss;
    let rounds = 0;
    const one = async () => {
      while (performance.now() < endMs) {
        await runtime.withLock(key, { waitTime: Infinity }, () => undefined);
        rounds++;
      }
    };
    await Promise.all(Array.from({ length: waiters }, one));
    return { rounds, grownBy: process.memoryUsage().rss - rssBefore };
  },
  async shutdown() {
    await runtime.shutdown();
    process.disconnect();
  },
};

const parent: Correspondence = answerParent(verbs);
process.on('SIGTERM', () => void verbs.shutdown());

await runtime.start();
await parent.ask('ready');
