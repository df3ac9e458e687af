/**
 * One request on its way to a hold: attempt, hint, look. The only such loop; what a store does is behind its verbs.
 *
 *   asking ──held──────────────► done, unless the answer came too late: given back, asking anew under a fresh owner
 *   asking ──busy──────────────► asleep (or the end, where nothing is to be waited for)
 *   asking ──store failed──────► asleep, the outcome unknown: then the same owner asks again
 *   asking ──refused───────────► asking under a fresh owner
 *   asleep ──called, round, a lease ends──► asking
 *   any ──budget ends──────────► withdrawn: the owner leaves, refused where one of its commands is unanswered
 *
 * The same command serves every arrow into `asking`, since it is idempotent for its owner.
 */
import { type LockConfigError, LockStoreError } from '../errors.js';
import type { AcquireReply, AcquireRequest, Grant, StoreSession } from '../line/store.js';
import { Hold } from './hold.js';
import type { Look } from './look-round.js';
import { useConflict } from './lock-use.js';
import { isTransient, type StoreClient } from './store-client.js';
import type { WaitBudget, WaitEnd } from './wait-budget.js';

/** What is asked of the store, under owners of the loop's own. `takesPlace: false` is one attempt. */
export interface Ask extends Omit<AcquireRequest, 'owner' | 'replaces'> {
  readonly isRenewed: boolean;
  /** What the watchdog renews, in milliseconds; a `minHoldTime` may make the first lease longer. */
  readonly renewMs: number;
  /** The hold that yields: given up in the same command, which is repeated as it is until it is answered. */
  readonly yields?: Hold | undefined;
  /** Called once, when the store has answered for the first time. */
  readonly onAnswered?: (() => void) | undefined;
}

/** What a wait ended with. */
export type Outcome =
  | { readonly kind: 'held'; readonly hold: Hold }
  /** Somebody else holds it; when that may end, in milliseconds. */
  | { readonly kind: 'busy'; readonly lookInMs: number | undefined }
  | { readonly kind: 'error'; readonly error: unknown };

type Awaitable<T> = T | Promise<T>;

/** Pauses after a store failed; doubled. */
const PAUSE_MS = { first: 25, most: 500 } as const;
/** An attempt that is unanswered for so long when the wait ends tells of a store that is down, not of a busy lock. */
const SILENCE_MS = 1_000;
/** How long a wait that has ended stays for the answer to its withdrawal. */
const WITHDRAWAL_MS = 25;

export class WaitLoop {
  private owner = '';
  private look!: Look;
  /** What is held already of several keys, renewed until all are. */
  private partial: Hold | undefined;
  private yields: Hold | undefined;
  /** When the attempt was made that is unanswered; undefined where none is. */
  private askedMs: number | undefined;
  private wasSent = false;
  private isUncertain = false;
  /** The same before the attempt that is unanswered. */
  private wasUncertain = false;
  private failure: LockStoreError | undefined;
  private failures = 0;
  /** When the state may change by itself, as the store said last, in milliseconds; undefined where it never did. */
  lookInMs: number | undefined;

  constructor(
    private readonly client: StoreClient,
    private readonly ask: Ask,
    private readonly budget: WaitBudget,
  ) {
    this.yields = ask.yields;
  }

  /** True once the store has told that it keeps a place for this request. */
  get isInLine(): boolean {
    return this.client.store.capabilities.fairOrder && this.lookInMs !== undefined;
  }

  /** Why the store cannot be asked, where it cannot: down is not busy. */
  get trouble(): LockStoreError | undefined {
    if (this.failure || this.askedMs === undefined) return this.failure;
    const silentMs = this.client.clock.nowMs() - this.askedMs;
    if (this.lookInMs !== undefined && silentMs < SILENCE_MS) return undefined;
    const { name } = this.client.store;
    return new LockStoreError(
      `The lock store "${name}" did not answer within ${Math.round(silentMs)} ms. Check that it is up and can be reached.`,
      { store: name, operation: 'acquire', isTransient: true },
    );
  }

  /** Never rejects: what went wrong is the outcome. */
  async run(): Promise<Outcome> {
    this.begin();
    let outcome: Outcome | undefined;
    while (!outcome) {
      const end = this.budget.outcome;
      if (end) {
        outcome = await this.withdraw(end);
        continue;
      }
      // Answers the calls up to now, even where it fails: a store that is down is not asked without a pause.
      this.look.heed();
      try {
        const session = this.client.openSession ?? (await this.connect());
        const reply = session && (await this.unlessEnded(session.acquire(this.request())));
        outcome = reply && session && (await this.judge(reply, session));
      } catch (error) {
        outcome = await this.fail(error);
      }
    }
    this.client.round.leave(this.owner);
    return outcome;
  }

  /** An owner id is never used again once a release was sent for it. */
  private begin(): undefined {
    if (this.owner !== '') this.client.round.leave(this.owner);
    this.owner = this.client.ids.next();
    this.look = this.client.round.enter(this.owner);
    this.wasSent = false;
    this.isUncertain = false;
  }

  private startAnew(): undefined {
    // Not waited for: the fresh owner's command follows it on the same connection.
    void this.leave();
    return this.begin();
  }

  private connect(): Promise<StoreSession | undefined> {
    this.askedMs ??= this.client.clock.nowMs();
    return this.unlessEnded(this.client.session());
  }

  /** What is sent now; from here on it is unanswered. */
  private request(): AcquireRequest {
    const { keys, capacity, weight, leaseMs, takesPlace } = this.ask;
    this.askedMs = this.client.clock.nowMs();
    this.wasSent = true;
    this.wasUncertain = this.isUncertain;
    this.isUncertain = true;
    return { keys, owner: this.owner, capacity, weight, leaseMs, takesPlace, replaces: this.yields?.owner };
  }

  /** @returns when what was answered now had been sent, on the monotonic clock */
  private noteAnswer(reply: AcquireReply): number {
    const sentMs = this.askedMs!;
    this.askedMs = undefined;
    // Only where each earlier command was answered too.
    this.isUncertain = this.wasUncertain;
    this.ask.onAnswered?.();
    // A refusal is about the owner: it says neither that the store serves again nor that the yield was done.
    if (reply.kind === 'refused') return sentMs;
    this.failure = undefined;
    this.failures = 0;
    this.yields = undefined;
    return sentMs;
  }

  private judge(reply: AcquireReply, session: StoreSession): Awaitable<Outcome | undefined> {
    const sentMs = this.noteAnswer(reply);
    switch (reply.kind) {
      case 'held':
        return this.partial ? this.complete(reply.grants, session) : this.believe(reply.grants, sentMs);
      case 'refused':
        return this.begin();
      case 'conflict':
        void this.leave();
        return { kind: 'error', error: this.conflict(reply) };
      case 'busy':
        this.lookInMs = reply.lookInMs;
        if (!this.ask.takesPlace) return this.turnAway(reply.lookInMs);
        return this.keepPartial(reply.grants, sentMs) ? this.sleep(reply.lookInMs) : this.startAnew();
    }
  }

  private believe(grants: readonly Grant[], sentMs: number): Outcome | undefined {
    const hold = this.holdOf(this.ask.keys, this.ask.isRenewed);
    hold.wasBusy = this.lookInMs !== undefined || this.ask.yields !== undefined;
    hold.grant(sentMs, grants);
    // The body never runs on a grant that came too late.
    if (!hold.isHeld) return this.startAnew();
    this.client.watchdog.add(hold);
    return { kind: 'held', hold };
  }

  /** One attempt was answered. An earlier command of its owner may still arrive, and would hold for nobody. */
  private turnAway(lookInMs: number): Outcome {
    if (this.isUncertain) void this.leave();
    return { kind: 'busy', lookInMs };
  }

  /** The last of several keys was granted: the leases of all begin now. */
  private async complete(grants: readonly Grant[], session: StoreSession): Promise<Outcome | undefined> {
    const { owner } = this;
    const { keys, leaseMs } = this.ask;
    const sentMs = this.client.clock.nowMs();
    const rests = await this.unlessEnded(session.renew(keys.map((key) => ({ key, owner, leaseMs }))));
    if (!rests) return undefined;
    if (rests.some((restMs) => restMs <= 0)) return this.startAnew();
    this.dropPartial();
    return this.believe(
      grants.map(({ token }, index) => ({ token, restMs: rests[index]! })),
      sentMs,
    );
  }

  /** False where something that was held is held no more. */
  private keepPartial(grants: readonly Grant[], sentMs: number): boolean {
    const heldBefore = this.partial?.keys.length ?? 0;
    if (this.partial && !this.partial.isOpen) return false;
    if (grants.length <= heldBefore) return grants.length === heldBefore;
    this.dropPartial();
    const partial = this.holdOf(this.ask.keys.slice(0, grants.length), true);
    partial.grant(sentMs, grants);
    if (!partial.isHeld) return false;
    partial.onLost = () => this.look.call();
    this.client.watchdog.add(partial);
    this.partial = partial;
    return true;
  }

  private dropPartial(): void {
    if (!this.partial) return;
    this.partial.give();
    this.client.watchdog.remove(this.partial);
    this.partial = undefined;
  }

  private holdOf(keys: readonly string[], isRenewed: boolean): Hold {
    const { owner, isUncertain } = this;
    return new Hold({ keys, owner, leaseMs: this.ask.renewMs, isRenewed, isUncertain }, this.client.clock);
  }

  /** The store failed: its outcome is unknown, the same owner asks again, while there is a budget to wait for. */
  private async fail(error: unknown): Promise<Outcome | undefined> {
    this.askedMs = undefined;
    this.client.suspect(error);
    const isLastTry = !this.ask.takesPlace && this.failures > 0;
    if (!isTransient(error) || isLastTry) {
      void this.leave();
      return { kind: 'error', error };
    }
    this.failure = error;
    await this.sleep(Math.min(PAUSE_MS.most, PAUSE_MS.first * 2 ** this.failures++));
    return undefined;
  }

  private async withdraw(end: WaitEnd): Promise<Outcome> {
    const { trouble, lookInMs } = this;
    await this.client.untilAnswered(this.leave(), this.client.clock.nowMs() + WITHDRAWAL_MS);
    if (end.kind === 'error') return end;
    return trouble ? { kind: 'error', error: trouble } : { kind: 'busy', lookInMs };
  }

  private async leave(): Promise<void> {
    const { keys, leaseMs } = this.ask;
    const { owner, yields, isUncertain } = this;
    const untilMs = this.client.clock.nowMs() + leaseMs;
    this.dropPartial();
    this.yields = undefined;
    const leaving = [];
    if (this.wasSent)
      leaving.push(this.client.leave({ keys, owner, refuses: isUncertain, keepMs: 0 }, untilMs));
    // The yield was never answered: the old hold may stand, or may be given up by a command that is still under way.
    if (yields)
      leaving.push(this.client.leave({ keys, owner: yields.owner, refuses: true, keepMs: 0 }, untilMs));
    await Promise.all(leaving);
  }

  private conflict({ grants, capacity }: { grants: readonly Grant[]; capacity: number }): LockConfigError {
    const key = this.client.userKey(this.ask.keys[grants.length]!);
    return useConflict({ key, used: capacity, asked: this.ask.capacity, where: 'at the same time' });
  }

  private async sleep(mostMs: number): Promise<undefined> {
    this.client.round.start();
    await this.look.sleep(Math.max(1, mostMs), (wake) => this.budget.listen(wake));
    this.budget.unlisten();
  }

  /**
   * Undefined where the budget ended first; an answer that comes later finds nobody, its owner has left. A listener that is
   * left behind by an answer does nothing.
   */
  private unlessEnded<T>(answer: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      this.budget.listen(() => resolve(undefined));
      answer.then(resolve, reject);
    });
  }
}
