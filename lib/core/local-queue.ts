/**
 * Plain requests of one process for one key share one place in the store's line, and pass the hold among themselves
 * without the network. Plain: one key, exclusive, watchdog-leased, not fair, no minHoldTime, no permits, and waiting.
 *
 * A place, by key:
 *
 *   (none) ──enter──► ASKING            the first request begins: one WaitLoop for all, under one owner
 *   ASKING ──granted──► HELD            by the first of those that still wait
 *   ASKING ──nobody waits any more──► (none)        the loop withdraws
 *   ASKING ──failed──► (none)           everybody who waits is told
 *   HELD ──user leaves──► HELD          by the next: same grant, same owner, same lease, next token of the block
 *   HELD ──user leaves, block spent (64 users or 50 ms) or another kind of request waits here──► ASKING
 *                                       by a yield: nobody else waits ► held under a new block, else a new place at the end
 *                                       (by a release and a fresh request where a command of the owner is unanswered,
 *                                       or where a minHoldTime was asked for inside)
 *   HELD ──lost──► ASKING               under a fresh owner, at once: a user that hangs keeps nobody out
 *   HELD ──user leaves, nobody waits──► (none)             released
 *
 * Rules. Token: base + n for the n-th user of a grant, n < 64, so that none is used that the store has not reserved.
 * Owner: one for each grant. Lease: the watchdog renews the grant, whoever uses it. Order: arrival.
 */
import { MODE_CAPACITY, TOKEN_BLOCK } from '../line/store.js';
import { type Hold, LEASE_ENDED, type LossCause } from './hold.js';
import type { StoreClient } from './store-client.js';
import type { Turn, TurnOutcome } from './turn.js';
import { WaitBudget, type WaitEnd } from './wait-budget.js';
import { type Ask, type Outcome, WaitLoop } from './wait-loop.js';

export interface LocalQueueLimits {
  /** Users of one grant; at most the store's block of tokens. */
  readonly mostUsers: number;
  /** From the grant, in milliseconds. */
  readonly mostMs: number;
}

const LIMITS: LocalQueueLimits = { mostUsers: TOKEN_BLOCK, mostMs: 50 };

interface Waiting {
  readonly budget: WaitBudget;
  readonly settle: (outcome: TurnOutcome) => void;
}

interface Running {
  readonly loop: WaitLoop;
  /** Ends when nobody waits any more; has no time of its own. */
  readonly budget: WaitBudget;
  readonly ended: Promise<void>;
}

/** The places of one store client. */
export class LocalQueue {
  private readonly places = new Map<string, Place>();
  /** Requests of other kinds that wait here, by key. */
  private readonly others = new Map<string, number>();

  constructor(
    readonly client: StoreClient,
    readonly leaseMs: number,
    readonly limits: LocalQueueLimits = LIMITS,
  ) {}

  /** Waits for a turn. Never rejects. */
  enter(key: string, budget: WaitBudget): Promise<TurnOutcome> {
    let place = this.places.get(key);
    if (!place) {
      place = new Place(this, key);
      this.places.set(key, place);
    }
    return place.enter(budget);
  }

  /** A request of another kind begins to wait: local hand-off must not keep it out. */
  otherBegins(keys: readonly string[]): void {
    for (const key of keys) this.others.set(key, (this.others.get(key) ?? 0) + 1);
  }

  otherEnds(keys: readonly string[]): void {
    for (const key of keys) {
      const left = (this.others.get(key) ?? 1) - 1;
      if (left > 0) this.others.set(key, left);
      else this.others.delete(key);
    }
  }

  hasOther(key: string): boolean {
    return this.others.has(key);
  }

  /** How many requests wait here that the store does not know of: all but those for which it keeps a place. */
  unseen(key: string): number {
    const others = this.client.store.capabilities.fairOrder ? 0 : (this.others.get(key) ?? 0);
    return others + (this.places.get(key)?.unseen ?? 0);
  }

  forget(key: string): void {
    this.places.delete(key);
  }
}

class Place {
  /** In order of arrival. */
  private readonly waiting = new Set<Waiting>();
  /** The loop that asks for the next hold. */
  private running: Running | undefined;
  private hold: Hold | undefined;
  private turn: Turn | undefined;
  private grantedMs = 0;
  private users = 0;

  constructor(
    private readonly queue: LocalQueue,
    private readonly key: string,
  ) {}

  get unseen(): number {
    return this.waiting.size - (this.running?.loop.isInLine === true ? 1 : 0);
  }

  enter(budget: WaitBudget): Promise<TurnOutcome> {
    return new Promise((resolve) => {
      const waiting: Waiting = { budget, settle: resolve };
      this.waiting.add(waiting);
      budget.listen((end) => void this.onEnd(waiting, end));
      if (!this.hold && !this.running) this.begin();
    });
  }

  /** The longest-waiting request goes on with the next token. False where nobody waits. */
  private pass(hold: Hold): boolean {
    const next = this.waiting.values().next().value;
    if (!next) return false;
    this.waiting.delete(next);
    next.budget.unlisten();
    const tokens = [hold.tokens[0]! + this.users];
    this.turn = {
      hold,
      tokens,
      isLocalHandOff: this.users > 0,
      leave: (keepMs) => this.leave(hold, keepMs),
      onLost: undefined,
    };
    this.users++;
    next.settle({ kind: 'turn', turn: this.turn });
    return true;
  }

  private leave(hold: Hold, keepMs: number): Promise<void> {
    const { client } = this.queue;
    if (!hold.isHeld) {
      client.watchdog.lose(hold, LEASE_ENDED);
      return client.giveBack(hold, keepMs);
    }
    if (this.waiting.size === 0 || keepMs > 0) return this.release(hold, keepMs);
    // A command of this owner may still arrive: only a release leaves its id refused, a yield does not.
    if (this.isSpent()) return hold.isUncertain ? this.release(hold, 0) : this.yield(hold);
    this.pass(hold);
    return Promise.resolve();
  }

  private release(hold: Hold, keepMs: number): Promise<void> {
    const left = this.queue.client.giveBack(hold, keepMs);
    this.endHold();
    return left;
  }

  private onLost(hold: Hold, cause: LossCause): void {
    const { turn } = this;
    if (this.hold === hold) this.endHold();
    turn?.onLost?.(cause);
  }

  private isSpent(): boolean {
    const { limits, client } = this.queue;
    const isOver = this.users >= limits.mostUsers || client.clock.nowMs() - this.grantedMs >= limits.mostMs;
    return isOver || this.queue.hasOther(this.key);
  }

  /** The hold is over; those who wait ask for another. */
  private endHold(): void {
    this.hold = undefined;
    this.turn = undefined;
    if (this.waiting.size > 0) this.begin();
    else this.queue.forget(this.key);
  }

  private yield(hold: Hold): Promise<void> {
    const { client } = this.queue;
    const { deadlineMs } = hold;
    hold.give();
    client.watchdog.remove(hold);
    this.hold = undefined;
    this.turn = undefined;
    const answered = new Promise<void>((resolve) => this.begin(hold, resolve));
    return client.untilAnswered(answered, deadlineMs);
  }

  private begin(yields?: Hold, onAnswered?: () => void): void {
    const { client, leaseMs } = this.queue;
    const budget = new WaitBudget({ clock: client.clock, waitMs: Infinity });
    // Written out: an object that is spread into another costs more here than all the rest of the request.
    const ask: Ask = {
      keys: [this.key],
      capacity: MODE_CAPACITY,
      weight: MODE_CAPACITY,
      leaseMs,
      renewMs: leaseMs,
      isRenewed: true,
      takesPlace: true,
      yields,
      onAnswered,
    };
    const loop = new WaitLoop(client, ask, budget);
    const ended = loop.run().then((outcome) => {
      onAnswered?.();
      // A loop that was withdrawn is not this place's any more.
      if (this.running?.loop === loop) this.onOutcome(outcome);
      else if (outcome.kind === 'held') void client.giveBack(outcome.hold);
    });
    this.running = { loop, budget, ended };
  }

  private onOutcome(outcome: Outcome): void {
    this.running = undefined;
    if (outcome.kind === 'held') {
      this.onHeld(outcome.hold);
      return;
    }
    this.queue.forget(this.key);
    for (const waiting of this.waiting) {
      waiting.budget.unlisten();
      waiting.settle(outcome);
    }
    this.waiting.clear();
  }

  private onHeld(hold: Hold): void {
    this.hold = hold;
    this.users = 0;
    this.grantedMs = this.queue.client.clock.nowMs();
    hold.onLost = (cause) => this.onLost(hold, cause);
    if (this.pass(hold)) return;
    this.endHold();
    void this.queue.client.giveBack(hold);
  }

  private async onEnd(waiting: Waiting, end: WaitEnd): Promise<void> {
    const outcome = end.kind === 'error' ? end : this.timedOut();
    this.waiting.delete(waiting);
    if (this.waiting.size === 0 && this.running) await this.withdraw(this.running);
    waiting.settle(outcome);
  }

  /** Held, here or elsewhere, unless the store cannot be asked. */
  private timedOut(): Exclude<Outcome, { kind: 'held' }> {
    const { hold, running } = this;
    const trouble = running?.loop.trouble;
    if (trouble) return { kind: 'error', error: trouble };
    const lookInMs = hold ? hold.deadlineMs - this.queue.client.clock.nowMs() : running?.loop.lookInMs;
    return { kind: 'busy', lookInMs };
  }

  /** Nobody waits any more: the loop leaves the line. */
  private async withdraw({ budget, ended }: Running): Promise<void> {
    this.running = undefined;
    this.queue.forget(this.key);
    budget.end({ kind: 'time' });
    await ended;
  }
}
