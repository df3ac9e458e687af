import type { Library } from './library.js';

/**
 * The contestants, in the order of the report. Each is loaded in its own processes only.
 *
 * To add one, write `adapters/<name>.ts` that exports `library`, and name it here.
 */
const FILES = [
  'by-hand',
  'ours',
  'ours-with-lock',
  'ours-fair',
  'redlock',
  'sesamecare-redlock',
  'redlock-universal',
  'redis-semaphore',
  'murlock',
  'verrou',
  'simple-redis-mutex',
  'node-redisson',
  'ours-memory',
  'async-mutex',
  'ours-quorum',
  'redlock-quorum',
  'redlock-universal-quorum',
  'ours-postgres',
  'ours-mysql',
  'ours-zookeeper',
  'curator',
] as const;

/** Loads one contestant; its name is that of its file. */
export async function loadLibrary(file: string): Promise<Library> {
  const module = (await import(`./adapters/${file}.js`)) as { library: Library };
  return module.library;
}

/** All contestants. */
export function libraryFiles(): readonly string[] {
  return FILES;
}
