import { LockUnsupportedError } from '../../errors.js';
import { isUnknownCommand, isUnknownScript, STORE_NAME } from './redis-errors.js';
import type { RedisLink } from './redis-link.js';
import type { Sender } from './script-runner.js';
import { ChannelMoved, subscribeSharded } from './sharded-channel.js';

const NOTHING = 'return 1';
const NO_SUCH_SCRIPT = '0'.repeat(40);

/** What the store cannot do without is asked for when it is opened, not at the first lock. */
export async function checkScripts(sender: Sender): Promise<void> {
  const [run, runByHash] = await Promise.allSettled([
    sender.send((client) => client.eval(NOTHING, 0)),
    sender.send((client) => client.evalsha(NO_SUCH_SCRIPT, 0)),
  ]);
  for (const answer of [run, runByHash]) {
    if (answer.status === 'fulfilled' || isUnknownScript(answer.reason)) continue;
    if (!isUnknownCommand(answer.reason)) throw answer.reason;
    throw unsupported('scripts (EVAL, EVALSHA), which are disabled or unknown on this server', answer.reason);
  }
}

/** The same for what waiters in a cluster are called by. The link is new, and closed afterwards. */
export async function checkShardedChannels(link: RedisLink, session: string): Promise<void> {
  try {
    await link.open();
    await subscribeSharded(link, [`{${session}}`]);
  } catch (error) {
    // Another node's slot: it has the command, and allows it.
    if (error instanceof ChannelMoved) return;
    if (!isUnknownCommand(error)) throw error;
    throw unsupported('sharded channels (SSUBSCRIBE, Redis 7.0 or later) in a cluster', error);
  } finally {
    await link.close();
  }
}

function unsupported(what: string, cause: unknown): LockUnsupportedError {
  const text = `The store "${STORE_NAME}" needs ${what}. Allow them, or use another server.`;
  return new LockUnsupportedError(text, { store: STORE_NAME, cause });
}
