import { type LockLostError, LockUpgradeError } from '../errors.js';
import { MODE_CAPACITY } from '../line/store.js';
import type { HeldLock } from './held-lock.js';
import type { LockPlan } from './lock-options.js';
import { useConflict } from './lock-use.js';
import type { LockView } from './lock-view.js';
import { type ContextScope, type Frame, frames, type LockScope } from './re-entry.js';
import type { StoreClient } from './store-client.js';

/** A hold with its async context; whoever asks inside it finds it here. */
export class Scope implements LockScope, ContextScope {
  private readonly frame: Frame = { scope: this };

  constructor(
    readonly handle: LockView,
    readonly outer: ContextScope | undefined,
  ) {}

  get loss(): LockLostError | undefined {
    return this.handle.loss;
  }

  run<T>(body: () => T): T {
    return frames.run(this.frame, body);
  }

  close(): Promise<void> {
    return this.handle.release();
  }
}

/** The scopes of the calling context, from the innermost. */
export function* contextScopes(): Generator<Scope> {
  for (let scope = frames.getStore()?.scope; scope; scope = scope.outer) {
    // A second copy of the package shares the context, not our holds.
    if (scope instanceof Scope) yield scope;
  }
}

/** The lock by which the context already holds `key`, if it does; a context may outlive its hold. */
export function heldInContext(client: StoreClient, key: string): HeldLock | undefined {
  for (const scope of contextScopes()) {
    const lock = scope.handle.lockOf(key);
    if (lock && !lock.isOver && lock.client === client) return lock;
  }
  return undefined;
}

/** What is asked inside a hold has to fit into it; otherwise it would wait for itself. @throws LockLostError, LockUpgradeError, LockConfigError */
export function checkFits(lock: HeldLock, plan: LockPlan, key: string): void {
  const { loss } = lock;
  if (loss) throw loss;
  if (plan.capacity !== lock.capacity) {
    throw useConflict({ key, used: lock.capacity, asked: plan.capacity, where: 'inside' });
  }
  if (plan.weight <= lock.weight) return;
  const more = plan.capacity === MODE_CAPACITY ? 'exclusive inside shared' : 'more permits than are held';
  throw new LockUpgradeError(
    `Lock "${key}" was asked for ${more}: it would wait for itself. Take the stronger lock at the outside.`,
    { key },
  );
}
