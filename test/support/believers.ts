import { setTimeout as sleep } from 'node:timers/promises';
import type { LockRuntime } from '../../lib/core/lock-runtime.js';
import { type RequestSpan, recordHistory, spansByKey } from '../../lib/testing/history.js';
import { checkHistory, type Violation } from '../../lib/testing/history-checker.js';
import { systemClock } from '../../lib/util/clock.js';
import type { LockHandle } from '../../lib/core/lock-handle.js';

/** Steps in which a holder looks whether it still believes. */
const STEP_MS = 5;
const CAPACITY = 1;

export interface Use {
  readonly client: LockRuntime;
  readonly name: string;
  readonly key: string;
  /** Resolves when the holder has done its work; it ends earlier where it is told of a loss. */
  readonly work: () => Promise<unknown>;
}

/** Clients that use locks while servers come and go, and what each of them believed, written on one clock. */
export class Believers {
  private readonly history = recordHistory(systemClock);
  private readonly running: Promise<unknown>[] = [];
  private isOver = false;

  /** Asks once, with the client's wait time, and works. Rejects as the request does. */
  async use({ client, name, key, work }: Use): Promise<void> {
    const { history } = this;
    const request = history.asked({ client: name, key, capacity: CAPACITY, weight: CAPACITY, waits: true });
    let lock: LockHandle;
    try {
      lock = await client.acquire(key);
    } catch (error) {
      history.note(request, { kind: 'unknown' });
      throw error;
    }
    history.note(request, { kind: 'granted', owner: lock.owner, token: lock.fencingToken });
    const deadlineMs = await untilDone(lock, work());
    if (lock.signal.aborted) {
      // By its deadline a hold ends whenever the process notices; by an answer, when that came.
      if (isByDeadline(lock)) history.note(request, { kind: 'renewed', untilMs: deadlineMs });
      history.note(request, { kind: 'lost' });
    }
    history.note(request, { kind: 'released' });
    await lock.release();
    history.note(request, { kind: 'freed' });
  }

  /** Uses a key again and again until {@link end}. */
  churn(use: Omit<Use, 'work'>): void {
    const again = async (): Promise<void> => {
      while (!this.isOver) await this.use({ ...use, work: () => sleep(STEP_MS * Math.random()) });
    };
    this.running.push(again());
  }

  /** Resolves when each key has been granted so many times more. */
  async granted(keys: readonly string[], times: number): Promise<void> {
    const before = new Map(keys.map((key) => [key, this.grantsOf(key)]));
    while (keys.some((key) => this.grantsOf(key) < before.get(key)! + times)) {
      // A request that was rejected ends its churn, and would be waited for in vain.
      await Promise.race([sleep(STEP_MS), ...this.running]);
    }
  }

  /** Ends all churns. @throws what a request was rejected with */
  async end(): Promise<void> {
    this.isOver = true;
    await Promise.all(this.running);
  }

  /** Broken promises; that two believed at a time is told by {@link overlapsMs}. */
  violations(kind: 'overlap' | 'other'): Violation[] {
    return checkHistory(this.history.events).filter(
      (one) => (one.kind === 'overlap') === (kind === 'overlap'),
    );
  }

  /** For how long two believed at the same time that they hold a key, for each such pair. */
  overlapsMs(): { key: string; ms: number }[] {
    const found: { key: string; ms: number }[] = [];
    for (const [key, spans] of spansByKey(this.history.events)) {
      const holds = spans.filter(({ outcome }) => outcome === 'granted');
      for (const [index, one] of holds.entries()) {
        for (const other of holds.slice(index + 1)) {
          const ms = beside(one, other);
          if (ms > 0) found.push({ key, ms });
        }
      }
    }
    return found;
  }

  private grantsOf(key: string): number {
    const asked = new Set<number>();
    let grants = 0;
    for (const event of this.history.events) {
      if (event.kind === 'asked' && event.key === key) asked.add(event.request);
      else if (event.kind === 'granted' && asked.has(event.request)) grants++;
    }
    return grants;
  }
}

function beside(one: RequestSpan, other: RequestSpan): number {
  return Math.min(one.endMs, other.endMs) - Math.max(one.answeredMs, other.answeredMs);
}

/** Resolves when the work is done or the lock is lost, with the last deadline that was believed. */
async function untilDone(lock: LockHandle, work: Promise<unknown>): Promise<number> {
  let isDone = false;
  void work.then(() => {
    isDone = true;
  });
  let deadlineMs = systemClock.nowMs() + lock.remainingMs();
  while (!isDone && !lock.signal.aborted) {
    await Promise.race([work, sleep(STEP_MS)]);
    if (lock.isHeld) deadlineMs = systemClock.nowMs() + lock.remainingMs();
  }
  return deadlineMs;
}

function isByDeadline(lock: LockHandle): boolean {
  return String(lock.signal.reason).includes('lease ended');
}
