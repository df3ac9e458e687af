import { setTimeout as sleep } from 'node:timers/promises';
import { storeFromUrl } from '../../lib/url/index.js';
import { openSession } from './open-session.js';

/** How often it asks. */
const EVERY_MS = 50;

/**
 * Resolves `'late'` when so long has passed, in pauses after each of which another client of the same server has asked
 * and was answered. Whatever a busy machine does to the thing that is watched, it does to this too: who comes after it
 * is late.
 *
 * @param url of a store of any kind
 */
export async function control(url: string, ms: number): Promise<'late'> {
  const session = await openSession(await storeFromUrl(url));
  try {
    for (let leftMs = ms; leftMs > 0; leftMs -= EVERY_MS) {
      await sleep(Math.min(EVERY_MS, leftMs));
      await session.inspect('control');
    }
    return 'late';
  } finally {
    await session.close();
  }
}
