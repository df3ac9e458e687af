import { setTimeout as sleep } from 'node:timers/promises';
import type { LockHandle } from '../../lib/core/lock-handle.js';
import type { LockRuntime } from '../../lib/core/lock-runtime.js';
import { isLockError } from '../../lib/errors.js';
import type { StoreCapabilities } from '../../lib/line/store.js';
import { type Happening, type LockEvent, recordHistory } from '../../lib/testing/history.js';
import { deferred } from '../../lib/util/deferred.js';
import { Seeded } from '../support/seeded.js';
import { machineClock, machineMs, toMachineMs } from './machine-time.js';
import { type TaskPlan, tasksOf, type Visit, visitOf } from './workload.js';

/** Which part of the work is this process's. */
export interface Labour {
  readonly seed: number;
  readonly slot: number;
  readonly slots: number;
  readonly client: string;
  readonly watchdogMs: number;
}

/** A request that the store failed, beside the history. */
export interface Failure {
  readonly failed: number;
  readonly atMs: number;
  readonly code: string;
  readonly text: string;
}

/** What a process writes down, line by line. */
export type Line = LockEvent | Failure;

interface Surroundings {
  readonly runtime: LockRuntime;
  readonly capabilities: StoreCapabilities;
  readonly write: (line: Line) => void;
  /** Asks the resource that the locks protect. */
  readonly resource: <T>(verb: 'open' | 'write', ...args: unknown[]) => Promise<T>;
}

/** The process believes in a hold until the hold's deadline; only the inside of the handle says it. */
interface InnerHandle {
  readonly locks: readonly { readonly hold: { readonly deadlineMs: number } }[];
}

/** Uses locks over and over, and writes down what it sees while it happens. */
export class Worker {
  private readonly history = recordHistory(machineClock);
  private readonly tasks: Promise<void>[] = [];
  private readonly over = deferred<void>();
  private isOver = false;

  constructor(private readonly around: Surroundings) {}

  start(labour: Labour): void {
    const { slot, slots, seed } = labour;
    const plans = tasksOf(slot, slots, this.around.capabilities);
    plans.forEach((plan, index) => {
      this.tasks.push(this.task(plan, labour, new Seeded(seed * 100 + index)));
    });
  }

  /** No further requests, and no more time for who holds. Resolves when all tasks have ended. */
  async finish(): Promise<void> {
    this.isOver = true;
    this.over.resolve();
    await Promise.all(this.tasks);
  }

  private async task(plan: TaskPlan, { client, watchdogMs }: Labour, chance: Seeded): Promise<void> {
    while (!this.isOver) {
      const visit = visitOf(plan, chance, watchdogMs);
      await sleep(visit.thinkMs);
      if (!this.isOver) await this.visit(plan.key, client, visit);
    }
  }

  private async visit(key: string, client: string, visit: Visit): Promise<void> {
    const { capacity, weight, waits, options, abortMs } = visit;
    const request = this.history.asked({ client, key, capacity, weight, waits });
    this.writeLast();
    const signal = abortMs === undefined ? undefined : AbortSignal.timeout(abortMs);
    let lock: LockHandle;
    try {
      lock = await this.around.runtime.acquire(key, { ...options, ...(signal && { signal }) });
    } catch (error) {
      this.note(request, { kind: waits ? 'timedOut' : 'busy' });
      this.explain(request, error, signal);
      return;
    }
    await this.hold(request, lock, visit);
  }

  private async hold(request: number, lock: LockHandle, { holdMs, isAlone }: Visit): Promise<void> {
    const deadline = (): Happening => ({ kind: 'renewed', untilMs: deadlineOf(lock) });
    this.note(request, {
      kind: 'granted',
      owner: lock.owner,
      token: lock.fencingToken,
      untilMs: deadlineOf(lock),
    });
    lock.signal.addEventListener('abort', () => {
      this.note(request, deadline());
      this.note(request, { kind: 'lost' });
    });
    if (isAlone) await this.write(request, lock, holdMs);
    else await this.pass(holdMs);
    this.note(request, deadline());
    this.note(request, { kind: 'released' });
    await lock.release();
    this.note(request, { kind: 'freed' });
  }

  /** Reads, and writes one more, with time in between, and without a look at the signal: the token has to do. */
  private async write(request: number, lock: LockHandle, holdMs: number): Promise<void> {
    const { resource } = this.around;
    const [key, token] = [lock.key, lock.fencingToken];
    try {
      const value = await resource<number | null>('open', key, token, request);
      await this.pass(holdMs);
      if (value !== null) await resource('write', key, token, value + 1);
    } catch {
      // The resource was left by a process that ends.
    }
  }

  private async pass(ms: number): Promise<void> {
    const end = new AbortController();
    await Promise.race([
      sleep(ms, undefined, { signal: end.signal }).catch(() => undefined),
      this.over.promise,
    ]);
    end.abort();
  }

  /** What does not say that somebody else holds it, or that we are leaving. */
  private explain(request: number, error: unknown, signal: AbortSignal | undefined): void {
    if (signal?.aborted && error === signal.reason) return;
    const code = isLockError(error) ? error.code : 'UNKNOWN';
    if (code === 'LOCK_TIMEOUT') return;
    if (code === 'LOCK_CLOSED') {
      this.isOver = true;
      return;
    }
    this.around.write({ failed: request, atMs: machineMs(), code, text: String(error) });
  }

  private note(request: number, what: Happening): void {
    this.history.note(request, what);
    this.writeLast();
  }

  private writeLast(): void {
    this.around.write(this.history.events.at(-1)!);
  }
}

function deadlineOf(lock: LockHandle): number {
  const { locks } = lock as unknown as InnerHandle;
  return toMachineMs(Math.min(...locks.map(({ hold }) => hold.deadlineMs)));
}
