import { LockStoreError } from '../../errors.js';
import type { AcquireReply, AcquireRequest, Grant, ReleaseRequest } from '../../line/store.js';
import { STORE_NAME } from './redis-errors.js';

/** What acquiring keys of several slots is made of. */
export interface Steps {
  acquire(request: AcquireRequest): Promise<AcquireReply>;
  release(request: ReleaseRequest): Promise<void>;
}

/**
 * One command for each group of keys, in order, up to the first that is busy. What was taken is kept where the request
 * waits for the rest; else it is given back before the answer.
 */
export async function acquireInTurn(
  request: AcquireRequest,
  groups: readonly (readonly string[])[],
  steps: Steps,
): Promise<AcquireReply> {
  const grants: Grant[] = [];
  for (const keys of groups) {
    const leastTokens = request.leastTokens?.slice(grants.length, grants.length + keys.length);
    const reply = await steps.acquire({ ...request, keys, leastTokens });
    if (reply.kind === 'held') {
      grants.push(...reply.grants);
      continue;
    }
    const taken = request.keys.slice(0, grants.length);
    // A refused owner was given up: nobody will release what it took just now.
    if (reply.kind === 'refused' || !request.takesPlace) await giveBack(request.owner, taken, steps);
    if (reply.kind === 'refused') return reply;
    return { ...reply, grants: request.takesPlace ? [...grants, ...reply.grants] : [] };
  }
  return { kind: 'held', grants };
}

async function giveBack(owner: string, keys: readonly string[], steps: Steps): Promise<void> {
  if (keys.length === 0) return;
  try {
    await steps.release({ keys, owner, refuses: true, keepMs: 0 });
  } catch (cause) {
    // Final, whatever became of it: the same owner must not ask again while a release of it may be under way.
    const message = `Redis failed to give back lock "${keys[0]}", of which others are busy.`;
    throw new LockStoreError(message, { store: STORE_NAME, operation: 'acquire', key: keys[0], cause });
  }
}
