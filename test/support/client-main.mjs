/**
 * A client in a process of its own: does what its parent asks over the channel of `fork`, one answer for each request,
 * and tells by itself of losses.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, url, settings] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(join(folder, 'lib', name)).href);
const { LockRuntime } = await load('core/lock-runtime.js');
const { storeFromUrl } = await load('url/index.js');

const runtime = new LockRuntime({
  store: await storeFromUrl(url),
  namespace: 'fault',
  waitMs: 30_000,
  watchdogMs: 2_000,
  shutdownMs: 1_000,
  ...JSON.parse(settings),
});
const handles = new Map();

/** What a parent may ask for. */
const verbs = {
  async acquire(key, options = {}) {
    const handle = await runtime.acquire(key, options);
    handles.set(key, handle);
    handle.signal.addEventListener('abort', () =>
      process.send({ lost: key, why: handle.signal.reason.code }),
    );
    return { token: handle.fencingToken };
  },
  async release(key) {
    await handles.get(key)?.release();
  },
  async state(key) {
    const handle = handles.get(key);
    return { isHeld: handle.isHeld, isTold: handle.signal.aborted };
  },
  /** Reads count and last token from a file, and writes them back one further, with time in between; `times` at once. */
  async increment(key, file, times) {
    const once = () =>
      runtime.withLock(key, { waitTime: Infinity }, async (lock) => {
        const [count, lastToken] = (await readFile(file, 'utf8')).split(' ').map(Number);
        await sleep(0);
        if (lock.fencingToken <= lastToken) throw new Error(`token ${lock.fencingToken} after ${lastToken}`);
        await writeFile(file, `${count + 1} ${lock.fencingToken}`);
      });
    await Promise.all(Array.from({ length: times }, once));
  },
  /** Takes the lock over and over, for nothing, so many at once, for so long. */
  async churn(key, { waiters, forMs }) {
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

async function answer({ id, verb, args }) {
  try {
    const result = await verbs[verb](...args);
    if (process.connected) process.send({ id, result: result ?? null });
  } catch (error) {
    if (process.connected) process.send({ id, failure: { code: error.code, message: error.message } });
  }
}

process.on('message', (request) => void answer(request));
process.on('SIGTERM', () => void verbs.shutdown());

await runtime.start();
process.send({ ready: true });
