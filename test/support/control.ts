import { setTimeout as sleep } from 'node:timers/promises';
import { storeFromUrl } from '../../lib/url/index.js';
import { openSession } from './open-session.js';

/** How often it asks. */
const EVERY_MS = 50;

/** The controls of a test: what it watches is late where it comes after them. They end with the test. */
export class Controls {
  private isOver = new AbortController();
  private readonly running: Promise<'late'>[] = [];

  /** @param url of a store of any kind */
  start(url: string, ms: number): Promise<'late'> {
    const control = controlOf(url, ms, this.isOver.signal);
    this.running.push(control);
    return control;
  }

  async end(): Promise<void> {
    this.isOver.abort();
    // A server may have gone meanwhile, and nobody asks any more.
    await Promise.allSettled(this.running.splice(0));
    this.isOver = new AbortController();
  }
}

/**
 * Resolves `'late'` when so long has passed, in pauses after each of which another client of the same server has asked
 * and was answered. Whatever a busy machine does to the thing that is watched, it does to this too.
 */
async function controlOf(url: string, ms: number, end: AbortSignal): Promise<'late'> {
  const session = await openSession(await storeFromUrl(url));
  try {
    for (let leftMs = ms; leftMs > 0 && !end.aborted; leftMs -= EVERY_MS) {
      await sleep(Math.min(EVERY_MS, leftMs));
      await session.inspect('control');
    }
    return 'late';
  } finally {
    await session.close();
  }
}
