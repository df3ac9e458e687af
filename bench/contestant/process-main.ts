/**
 * A contestant's process: one library, one workload, for all rounds. It does what the benchmark asks, a part of the
 * workload at a time, and rests between.
 */
import { loadLibrary } from '../libraries.js';
import { workloads } from '../workloads.js';
import type { Scene } from '../workloads/workload.js';
import type { Answer, Ask, Word } from './messages.js';

const [file = '', workloadName = '', waitMs, ...urls] = process.argv.slice(2);

function send(answer: Answer): void {
  if (process.connected) process.send!(answer);
}

/** At once when the last word is out: some libraries leave a timer or a connection behind. */
function leave(): void {
  process.once('disconnect', () => process.exit());
  process.disconnect!();
}

const listening = new Map<string, () => void>();

function heard(word: string): Promise<void> {
  return new Promise((resolve) => listening.set(word, resolve));
}

function told(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

async function open(): Promise<(ask: Ask) => Promise<unknown>> {
  const library = await loadLibrary(file);
  const workload = workloads.find(({ name }) => name === workloadName)!;
  const [locker, yardstick] = await Promise.all([
    library.open(urls, Number(waitMs)),
    library.openYardstick(urls),
  ]);
  const scene: Scene = { urls, locker, yardstick, tell: (word: string) => send({ word }), heard };
  const parts: Record<string, (order: never) => Promise<unknown>> = {
    close: () => Promise.all([locker.close(), yardstick.close()]),
    ...Object.fromEntries(
      Object.entries(workload.parts).map(([name, part]) => [name, (order: never) => part(scene, order)]),
    ),
  };
  return async ({ part, order }) => parts[part]!(order as never);
}

// A peer's own stray rejection must not end its process: it shows in the figures.
process.on('unhandledRejection', () => undefined);
const opened = open();
process.on('message', (ask: Ask | Word) => {
  if ('word' in ask) return listening.get(ask.word)?.();
  opened
    .then((play) => play(ask))
    .then(
      (result) => send({ id: ask.id, result }),
      (error: unknown) => send({ id: ask.id, failure: told(error) }),
    )
    .finally(() => ask.part === 'close' && leave());
});
opened.then(
  () => send({ id: 0, result: undefined }),
  (error: unknown) => send({ id: 0, failure: told(error) }),
);
