/**
 * A client of a campaign, in a process of its own: uses locks, writes down what it sees, and suffers what it is told to.
 */
import { openSync, writeSync } from 'node:fs';
import { LockRuntime } from '../../lib/core/lock-runtime.js';
import { answerParent, type Correspondence } from '../support/client-channel.js';
import { handleVerbs } from '../support/handle-verbs.js';
import { type Labour, Worker } from './worker.js';
import { storeOf, type StoreWords } from './store-words.js';

const [words, settings, file] = process.argv.slice(2) as [string, string, string];
const log = openSync(file, 'a');

const store = await storeOf(JSON.parse(words) as StoreWords);
const runtime = new LockRuntime({
  store,
  namespace: 'chaos',
  waitMs: 20_000,
  shutdownMs: 1_000,
  ...(JSON.parse(settings) as { watchdogMs: number }),
});
const worker = new Worker({
  runtime,
  capabilities: store.capabilities,
  // Written at once, so that it is there whatever happens to this process.
  write: (line) => void writeSync(log, `${JSON.stringify(line)}\n`),
  resource: (verb, ...args) => parent.ask(verb, ...args),
});

const parent: Correspondence = answerParent({
  ...handleVerbs(runtime, () => parent),
  work: (labour: Labour) => worker.start(labour),
  finish: () => worker.finish(),
  /** Stands still, with the processor to spare. */
  block: (ms: number) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms),
  /** Its wall clock is so much ahead from now on. */
  shiftClock: (ms: number) => {
    const { now } = Date;
    Date.now = () => now.call(Date) + ms;
  },
});

async function shutdown(): Promise<void> {
  await runtime.shutdown();
  await worker.finish();
  process.disconnect();
}
process.on('SIGTERM', () => void shutdown());

await runtime.start();
await parent.ask('ready');
