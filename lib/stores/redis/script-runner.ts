import type { Redis } from 'ioredis';
import { isUnknownScript } from './redis-errors.js';
import type { Script, ScriptShape } from './script.js';

/** Whatever carries a command to a server. */
export interface Sender {
  /** @throws the server's answer, or what became of the connection */
  send<T>(command: (client: Redis) => Promise<T>): Promise<T>;
}

/** Runs a script by its hash; its text is sent only where the server does not know it, or was told to forget it. */
export function runScript<Shape extends ScriptShape>(
  sender: Sender,
  script: Script<Shape>,
  { keys, args }: { readonly keys: readonly string[]; readonly args: Shape['args'] },
): Promise<Shape['returns']> {
  const inputs = [keys.length, ...keys, ...args] as const;
  return sender
    .send((client): Promise<unknown> => client.evalsha(script.sha1, ...inputs))
    .catch((error: unknown) => {
      if (!isUnknownScript(error)) throw error;
      return sender.send((client) => client.eval(script.lua, ...inputs));
    });
}
