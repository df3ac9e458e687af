import type { LockHandle } from '../../core/lock-handle.js';
import type { LockOptions } from '../../core/lock-options.js';
import type { LockRuntime } from '../../core/lock-runtime.js';
import { LockTimeoutError } from '../../errors.js';
import { systemClock } from '../../util/clock.js';
import { recordHistory } from '../history.js';
import { assertHistory, type HistoryPromises } from '../history-checker.js';

/** One client's request within a story. */
export interface Visit {
  readonly client: LockRuntime;
  /** As the history names it. */
  readonly name: string;
  readonly key: string;
  readonly options?: LockOptions;
}

/** Clients that use locks while a history is written of what they see. */
export class Story {
  private readonly history = recordHistory(systemClock);

  /** Takes the lock, works, gives it back. False where it was busy. */
  async visit(visit: Visit, work: (lock: LockHandle) => Promise<void> | void): Promise<boolean> {
    const { history } = this;
    const { client, key, options = {} } = visit;
    const waits = options.waitTime !== 0;
    const request = history.asked({ client: visit.name, key, waits, ...sizeOf(options) });
    let lock: LockHandle;
    try {
      lock = await client.acquire(key, options);
    } catch (error) {
      if (!(error instanceof LockTimeoutError)) throw error;
      history.note(request, { kind: waits ? 'timedOut' : 'busy' });
      return false;
    }
    history.note(request, { kind: 'granted', owner: lock.owner, token: lock.fencingToken });
    lock.signal.addEventListener('abort', () => history.note(request, { kind: 'lost' }), { once: true });
    try {
      await work(lock);
    } finally {
      history.note(request, { kind: 'released' });
      await lock.release();
      history.note(request, { kind: 'freed' });
    }
    return true;
  }

  /** @throws Error where what the clients saw breaks a promise */
  check(promises: HistoryPromises = {}): void {
    assertHistory(this.history.events, promises);
  }
}

/** For the checker a mode is a capacity, as everywhere. */
function sizeOf({ mode, permits, weight }: LockOptions): { capacity: number; weight: number } {
  if (permits !== undefined) return { capacity: permits, weight: weight ?? 1 };
  const capacity = 1_000;
  return { capacity, weight: mode === 'shared' ? 1 : capacity };
}
