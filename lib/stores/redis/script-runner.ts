import type { Redis } from 'ioredis';
import { isUnknownScript } from './redis-errors.js';
import type { RedisLink } from './redis-link.js';
import type { Script, ScriptShape } from './script.js';

/** Runs a script by its hash; its text is sent only where the server does not know it, or was told to forget it. */
export async function runScript<Shape extends ScriptShape>(
  link: RedisLink,
  script: Script<Shape>,
  { keys, args }: { readonly keys: readonly string[]; readonly args: Shape['args'] },
): Promise<Shape['returns']> {
  const inputs = [keys.length, ...keys, ...args] as const;
  const bySha = (client: Redis): Promise<unknown> => client.evalsha(script.sha1, ...inputs);
  try {
    return await link.send(bySha);
  } catch (error) {
    if (!isUnknownScript(error)) throw error;
  }
  return link.send((client) => client.eval(script.lua, ...inputs));
}
