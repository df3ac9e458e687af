import type { HeldLock } from './held-lock.js';
import type { LockEvent, LockEventPublisher } from './lock-events.js';
import type { WaitBudget } from './wait-budget.js';

export interface StoryInit {
  readonly events: LockEventPublisher;
  readonly store: string;
  readonly keys: readonly string[];
  readonly template: string | undefined;
  readonly waitMs: number;
  readonly budget: WaitBudget;
}

/**
 * What one request tells of itself, each once and in this order, whatever order it comes to pass in.
 *
 *   waiting ──granted()──► held ──ended()──► over
 *   waiting ──refused()──► over
 *
 * A hold may end before its caller knows of it (lost at once, or turned away by a shutdown): that is told after the
 * grant, and not at all where a refusal follows.
 */
export class RequestStory {
  private state: 'waiting' | 'held' | 'over' = 'waiting';
  private grantedAfterMs = 0;
  /** Made for whoever listens. */
  private id: object | undefined;
  private early: 'released' | 'lost' | undefined;

  constructor(private readonly init: StoryInit) {
    init.events.publish('waiting', () => this.common());
  }

  granted(lock: HeldLock): void {
    const { events, budget, keys } = this.init;
    this.state = 'held';
    // On the budget's clock, so that the end of the hold can be counted from here.
    this.grantedAfterMs = budget.waitedMs;
    if (events.isHeard('granted')) {
      const { handOff } = lock;
      const fencingTokens = keys.map((key) => lock.tokenOf(key)!);
      const waitedMs = this.grantedAfterMs;
      events.publish('granted', () => ({ ...this.common(), waitedMs, handOff, fencingTokens }));
    }
    if (this.early) this.ended(lock, this.early);
  }

  ended(lock: HeldLock, end: 'released' | 'lost'): void {
    if (this.state === 'waiting') this.early = end;
    if (this.state !== 'held') return;
    this.state = 'over';
    const { events, budget } = this.init;
    if (!events.isHeard('ended')) return;
    const heldMs = budget.waitedMs - this.grantedAfterMs;
    const loss = end === 'lost' ? lock.lossKind : undefined;
    events.publish('ended', () => ({ ...this.common(), heldMs, end, loss }));
  }

  refused(error: unknown): void {
    this.state = 'over';
    const { events, budget } = this.init;
    events.publish('refused', () => ({ ...this.common(), waitedMs: budget.waitedMs, error }));
  }

  private common(): LockEvent {
    const { store, keys, template, waitMs } = this.init;
    this.id ??= {};
    return { id: this.id, store, keys, template, waitMs };
  }
}
