import { LockTimeoutError } from '../errors.js';
import { MODE_CAPACITY } from '../line/store.js';
import { HeldLock } from './held-lock.js';
import { LocalQueue, type LocalQueueLimits } from './local-queue.js';
import type { LockPlan } from './lock-options.js';
import type { StoreClient } from './store-client.js';
import type { Turn, TurnOutcome } from './turn.js';
import type { WaitBudget } from './wait-budget.js';
import { WaitLoop } from './wait-loop.js';

export interface Request {
  /** As the caller gave them; sorted, each once. */
  readonly keys: readonly string[];
  readonly plan: LockPlan;
  readonly budget: WaitBudget;
}

/** Called once: when the last user has left, or the hold was lost. */
export type OnOver = (lock: HeldLock, end: 'released' | 'lost') => void;

export interface RequesterOptions {
  /** In milliseconds. */
  readonly watchdogMs: number;
  readonly limits?: LocalQueueLimits | undefined;
  readonly onThrown: (error: unknown) => void;
}

/** Brings a request to its hold: over the place that plain requests share, or by itself. */
export class Requester {
  private readonly queue: LocalQueue;

  constructor(
    readonly client: StoreClient,
    private readonly options: RequesterOptions,
  ) {
    this.queue = new LocalQueue(client, options.watchdogMs, options.limits);
  }

  /** How many requests for the key wait in this process without a place of their own in the store's line. */
  unseenWaiters(key: string): number {
    return this.queue.unseen(this.client.storeKey(key));
  }

  /** Waits for a turn. Never rejects. */
  wait(request: Request): Promise<TurnOutcome> {
    const { keys, budget } = request;
    return isPlain(request)
      ? this.queue.enter(this.client.storeKey(keys[0]!), budget)
      : this.standAlone(request);
  }

  /**
   * What came of the wait.
   * @throws LockTimeoutError, LockStoreError, LockConfigError, LockClosedError, the reason of an abort
   */
  settle(request: Request, outcome: TurnOutcome, onOver: OnOver): HeldLock {
    const { keys, plan } = request;
    if (outcome.kind === 'error') throw this.client.userError(outcome.error);
    if (outcome.kind === 'busy') throw timeoutError(request, outcome.lookInMs);
    const { capacity, weight } = plan;
    const { client } = this;
    const { onThrown } = this.options;
    const lock = new HeldLock({ client, turn: outcome.turn, keys, capacity, weight, onOver, onThrown });
    lock.keepFor(plan.minHoldMs);
    return lock;
  }

  private async standAlone({ keys, plan, budget }: Request): Promise<TurnOutcome> {
    const { client, queue } = this;
    const storeKeys = keys.map((key) => client.storeKey(key));
    const { capacity, weight, isRenewed, minHoldMs } = plan;
    const leaseMs = Math.max(plan.leaseMs, minHoldMs);
    const takesPlace = plan.waitMs > 0;
    if (takesPlace) queue.otherBegins(storeKeys);
    const ask = { keys: storeKeys, capacity, weight, leaseMs, renewMs: plan.leaseMs, isRenewed, takesPlace };
    const outcome = await new WaitLoop(client, ask, budget).run();
    if (takesPlace) queue.otherEnds(storeKeys);
    if (outcome.kind !== 'held') return outcome;
    const { hold } = outcome;
    const leave = (keepMs: number): Promise<void> => client.giveBack(hold, keepMs);
    const turn: Turn = { hold, tokens: hold.tokens, isLocalHandOff: false, leave, onLost: undefined };
    hold.onLost = (cause) => turn.onLost?.(cause);
    return { kind: 'turn', turn };
  }
}

function isPlain({ keys, plan }: Request): boolean {
  const { capacity, weight, isRenewed, isFair, minHoldMs, waitMs } = plan;
  const isMutex = capacity === MODE_CAPACITY && weight === MODE_CAPACITY;
  return keys.length === 1 && isMutex && isRenewed && !isFair && minHoldMs === 0 && waitMs > 0;
}

function timeoutError({ keys, plan, budget }: Request, retryAfterMs: number | undefined): LockTimeoutError {
  const waitedMs = budget.waitedMs;
  const shown = keys.map((key) => `"${key}"`).join(', ');
  const text =
    plan.waitMs > 0
      ? `Lock ${shown} is still held by another owner after ${Math.round(waitedMs)} ms. Raise waitTime, or set whenBusy: 'skip'.`
      : `Lock ${shown} is held by another owner. Set waitTime to wait for it, or whenBusy: 'skip'.`;
  // Some stores cannot tell when a hold may end.
  const isKnown = retryAfterMs !== undefined && Number.isFinite(retryAfterMs);
  return new LockTimeoutError(text, {
    key: keys[0],
    waitedMs,
    retryAfterMs: isKnown ? retryAfterMs : undefined,
  });
}
