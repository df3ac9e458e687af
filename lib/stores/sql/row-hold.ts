/**
 * One owner's transaction over one key, and what is told of it on record.
 *
 *   idle ──row is free──► locked            ──somebody else has it──► idle (one attempt), or waiting
 *   waiting ──granted──► locked, and the owner is called
 *   locked ──on record──► held              the token comes from the record, which no rollback takes back
 *   held ──renew()──► held
 *   any ──connection gone, lease over──► idle, and the owner is called or told
 *   any ──end()──► over
 *
 * The row is what excludes. The record, in the key's row of the leases and committed at once, gives the token, tells others
 * who holds, and is replaced only by whoever saw it while it had the row: so tokens grow in the order of the grants, also
 * over a connection that was killed between the two.
 */
import type { AcquireReply, AcquireRequest, Grant } from '../../line/store.js';
import type { Clock, Timer } from '../../util/clock.js';
import type { RowLock, RowLocks, RowReply } from './row-lock.js';
import { TRANSACTION_CAPACITY } from './strategy.js';

export interface RowHoldOptions {
  readonly clock: Clock;
  readonly locks: RowLocks;
  /** Puts the hold on record. */
  readonly record: (request: AcquireRequest) => Promise<AcquireReply>;
  readonly key: string;
  readonly owner: string;
  /** A connection that owes an answer for so long is looked after, in milliseconds. */
  readonly silentMs: number;
  /** The row is ours, or the wait for it is over: time to ask again. */
  readonly onCalled: () => void;
  /** What was held is gone. */
  readonly onGone: () => void;
}

/** How often in a row another one may take what was about to be put on record. */
const MOST_ATTEMPTS = 5;

/** What an attempt came to. `busy`: for so long by what is on record. `refused`: the owner was given up. */
export type RowOutcome =
  | { readonly kind: 'held'; readonly grant: Grant }
  | { readonly kind: 'busy'; readonly lookInMs: number }
  | { readonly kind: 'refused' };

/** One that is not to be tried again. */
type Settled = Exclude<RowOutcome, { readonly kind: 'busy' }>;

export class RowHold {
  private row: RowLock | undefined;
  /** On record as the last holder, when the row was locked. */
  private recorded: string | undefined;
  private state: 'idle' | 'waiting' | 'locked' | 'held' | 'over' = 'idle';
  private token = 0;
  /** When the other one's lease ends, by what was on record. */
  private busyUntilMs = Infinity;
  private endsMs = 0;
  private leaseTimer: Timer | undefined;
  private watchTimer: Timer | undefined;
  /** The attempt that is under way. */
  private asking: Promise<unknown> = Promise.resolve();
  /** True once the record was asked for. */
  wasRecorded = false;

  constructor(private readonly options: RowHoldOptions) {}

  get isHeld(): boolean {
    return this.state === 'held';
  }

  get isWaiting(): boolean {
    return this.state === 'waiting';
  }

  /** Holds, says that it holds, or waits (once, where `waits`). @throws what became of the connection or the statement */
  ask(leaseMs: number, waits: boolean): Promise<RowOutcome> {
    const asked = this.attempt(leaseMs, waits);
    this.asking = asked.catch(() => undefined);
    return asked;
  }

  /** Lengthens the lease to at least `leaseMs` from now; 0 only asks. @returns the rest, 0 where it is not held */
  async renew(leaseMs: number): Promise<number> {
    const { clock } = this.options;
    const sentMs = clock.nowMs();
    if (!this.isHeld || !this.row) return 0;
    const endsMs = Math.max(this.endsMs, sentMs + leaseMs);
    const kept = this.row.keep(endsMs - sentMs).then(
      () => this.isHeld && this.lastUntil(endsMs),
      () => this.lose(),
    );
    await this.orSilent(kept, endsMs - sentMs);
    return this.isHeld ? Math.max(0, this.endsMs - sentMs) : 0;
  }

  /** Ends the transaction. Resolves when the server has, or when it is too long silent; never rejects. */
  async end(): Promise<void> {
    const { state, row } = this;
    this.state = 'over';
    this.clearTimers();
    this.row = undefined;
    if (row && (state === 'held' || state === 'locked')) await row.end();
    else if (row) await this.giveUp(row);
    await this.asking;
  }

  /** The owner has left; the row stays locked for so long. */
  async keepFor(keepMs: number): Promise<void> {
    if (!this.isHeld || !this.row) return this.end();
    this.leaseTimer?.clear();
    this.leaseTimer = this.options.clock.setTimer(keepMs, () => void this.end(), { isBackground: true });
    await this.row.keep(keepMs).catch(() => this.end());
  }

  private async attempt(leaseMs: number, waits: boolean): Promise<RowOutcome> {
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
      const sentMs = this.options.clock.nowMs();
      const isFresh = this.state === 'idle';
      if (isFresh && !(await this.lock(leaseMs, waits))) continue;
      if (this.state !== 'locked') return this.standing();
      const reply = await this.putOnRecord(leaseMs, isFresh);
      if (reply?.kind === 'refused') return reply;
      if (reply) {
        this.token = reply.grant.token;
        this.state = 'held';
        this.lastUntil(sentMs + leaseMs);
        return reply;
      }
    }
    throw new Error('other transactions met this one too often');
  }

  private standing(): RowOutcome {
    const nowMs = this.options.clock.nowMs();
    if (this.state === 'over') return { kind: 'refused' };
    if (this.state !== 'held') return { kind: 'busy', lookInMs: Math.max(0, this.busyUntilMs - nowMs) };
    return { kind: 'held', grant: { token: this.token, restMs: Math.max(0, this.endsMs - nowMs) } };
  }

  /** False where it has to be tried again. */
  private async lock(leaseMs: number, waits: boolean): Promise<boolean> {
    const { locks, key, clock } = this.options;
    const row = await locks.open();
    row.onGone = () => this.lose();
    if (this.isOver()) {
      await row.end();
      return true;
    }
    this.row = row;
    const reply = await this.orLose(row.tryLock(key, leaseMs));
    if (this.isOver()) return true;
    if (reply.kind === 'locked') return this.hasLocked(reply);
    if (reply.kind === 'busy') this.busyUntilMs = clock.nowMs() + reply.restMs;
    if (reply.kind === 'busy' && waits) return this.wait(row);
    this.row = undefined;
    await row.end();
    if (reply.kind === 'missing') await locks.make(key);
    return reply.kind === 'busy';
  }

  private wait(row: RowLock): true {
    const { key, onCalled } = this.options;
    this.state = 'waiting';
    this.watch(row, 0);
    row.waitLock(key).then(
      (reply) => {
        if (this.row !== row || this.state !== 'waiting') return;
        if (reply.kind !== 'locked') return this.lose();
        this.watchTimer?.clear();
        this.hasLocked(reply);
        onCalled();
      },
      () => this.lose(),
    );
    return true;
  }

  /** Whether the server still knows of the wait, since on a connection that waits nothing is said. */
  private watch(row: RowLock, misses: number): void {
    const { clock, silentMs, locks } = this.options;
    const look = async (): Promise<void> => {
      const isThere = await locks.isWaiting(row.backend).catch(() => false);
      if (this.row !== row || this.state !== 'waiting') return;
      // Its answer may be on the way: only the second time in a row it is not.
      if (isThere || misses === 0) this.watch(row, isThere ? 0 : misses + 1);
      else this.lose();
    };
    this.watchTimer = clock.setTimer(silentMs, () => void look(), { isBackground: true });
  }

  private hasLocked({ recorded }: RowReply & { kind: 'locked' }): true {
    this.recorded = recorded;
    this.state = 'locked';
    return true;
  }

  /** Undefined where the row, or the place on record, was another's meanwhile. */
  private async putOnRecord(leaseMs: number, isFresh: boolean): Promise<Settled | undefined> {
    const { record, key, owner } = this.options;
    const { row, recorded: replaces } = this;
    const weight = TRANSACTION_CAPACITY;
    this.wasRecorded = true;
    const request = { keys: [key], owner, capacity: weight, weight, leaseMs, takesPlace: false, replaces };
    try {
      // What was granted a while ago may be idle for as long: its time begins now.
      const [reply] = await Promise.all([record(request), isFresh ? undefined : row?.keep(leaseMs)]);
      return this.judge(reply, { row, leaseMs });
    } catch (error) {
      this.lose();
      throw error;
    }
  }

  private judge(
    reply: AcquireReply,
    { row, leaseMs }: { row: RowLock | undefined; leaseMs: number },
  ): Settled | undefined {
    // It may have gone while it was put on record.
    const isStill = this.row === row && this.state === 'locked';
    if (isStill && reply.kind === 'held')
      return { kind: 'held', grant: { ...reply.grants[0]!, restMs: leaseMs } };
    this.lose();
    return this.isOver() || reply.kind === 'refused' ? { kind: 'refused' } : undefined;
  }

  private lastUntil(endsMs: number): void {
    const { clock } = this.options;
    this.endsMs = endsMs;
    this.leaseTimer?.clear();
    this.leaseTimer = clock.setTimer(endsMs - clock.nowMs(), () => this.lose(), { isBackground: true });
  }

  /** The transaction is over, or not to be trusted any more. Asked again, it begins anew. */
  private lose(): void {
    const { row, state } = this;
    if (state === 'over' || state === 'idle') return;
    this.clearTimers();
    this.row = undefined;
    this.state = 'idle';
    if (row) void this.giveUp(row);
    if (state === 'held') this.options.onGone();
    else if (state === 'waiting') this.options.onCalled();
  }

  private async giveUp(row: RowLock): Promise<void> {
    row.onGone = undefined;
    row.abandon();
    // What waits for a row does not notice that its client has gone.
    await this.options.locks.end(row.backend).catch(() => undefined);
  }

  private async orLose<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      const { row } = this;
      this.row = undefined;
      if (row) void this.giveUp(row);
      throw error;
    }
  }

  /** Resolves with `answer`, or when it is so late that the others of its batch must not wait for it. */
  private async orSilent(answer: Promise<unknown>, leaseMs: number): Promise<void> {
    const { clock, silentMs } = this.options;
    await new Promise<void>((resolve) => {
      const timer = clock.setTimer(Math.min(silentMs, leaseMs / 4), resolve, { isBackground: true });
      void answer.then(() => {
        timer.clear();
        resolve();
      });
    });
  }

  private isOver(): boolean {
    return this.state === 'over';
  }

  private clearTimers(): void {
    this.leaseTimer?.clear();
    this.watchTimer?.clear();
  }
}
