import type { LockHandle } from '../../lib/core/lock-handle.js';
import type { LockOptions } from '../../lib/core/lock-options.js';
import type { LockRuntime } from '../../lib/core/lock-runtime.js';
import type { LockError } from '../../lib/errors.js';
import type { Correspondence, Verbs } from './client-channel.js';

/** What a parent may ask of a client about single locks; of a loss it is told. */
export function handleVerbs(runtime: LockRuntime, parent: () => Correspondence): Verbs {
  const handles = new Map<string, LockHandle>();
  return {
    async acquire(key: string, options: LockOptions = {}) {
      const handle = await runtime.acquire(key, options);
      handles.set(key, handle);
      handle.signal.addEventListener('abort', () => {
        void parent().ask('lost', key, (handle.signal.reason as LockError).code);
      });
      return { token: handle.fencingToken };
    },
    async release(key: string) {
      await handles.get(key)?.release();
    },
    state(key: string) {
      const handle = handles.get(key)!;
      return { isHeld: handle.isHeld, isTold: handle.signal.aborted };
    },
  };
}
