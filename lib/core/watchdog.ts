/**
 * Keeps the holds of one session alive, and notices when one is lost. One timer for all of them.
 *
 *   idle ──add──► armed for the earliest of: a hold's next renewal, a hold's local deadline
 *   armed ──timer──► deadlines that passed: lost; holds that are due, or nearly: one batch of renewals; armed again
 *   armed ──last remove──► idle: no timer
 *
 *   renewal answered: rest > 0 ► deadline moved · rest 0 ► lost, final · rest NaN, or an error ► tried again soon, until
 *   the deadline
 *
 * A hold that was released or lost while an answer was under way is not touched by it.
 */
import type { LeaseRequest } from '../line/store.js';
import type { Clock, Timer } from '../util/clock.js';
import { type Hold, LEASE_ENDED, type LossCause } from './hold.js';

export interface WatchdogOptions {
  readonly clock: Clock;
  /** The module's `watchdogTimeout`, in milliseconds. */
  readonly watchdogMs: number;
  readonly renew: (leases: readonly LeaseRequest[]) => Promise<readonly number[]>;
  /** What an answer leaves at least, in milliseconds, where that may be less than the lease. Default: the lease. */
  readonly vouchedMs?: () => number;
  /** Told of every batch that was answered or failed. */
  readonly onRenewed?: (holds: number, error?: unknown) => void;
}

/** A renewal command carries at most so many leases, so that the server is never busy for long. */
const MOST_LEASES_PER_COMMAND = 256;
/** Renewals within so much of their period of each other go together. */
const BATCHED_SHARE = 0.5;
/** After an error: a tenth of the period, within these bounds. */
const RETRY_MS = { least: 20, most: 250 } as const;

interface Watch {
  readonly everyMs: number;
  dueMs: number;
}

export class Watchdog {
  private readonly watches = new Map<Hold, Watch>();
  private readonly byOwner = new Map<string, Hold>();
  private timer: Timer | undefined;
  private armedMs = Infinity;

  constructor(private readonly options: WatchdogOptions) {}

  get size(): number {
    return this.watches.size;
  }

  holds(): Iterable<Hold> {
    return this.watches.keys();
  }

  add(hold: Hold): void {
    const { watchdogMs } = this.options;
    const leaseMs = hold.isRenewed ? Math.min(hold.leaseMs, watchdogMs) : watchdogMs;
    const watch = { everyMs: Math.min(leaseMs, this.vouchedMs()) / 3, dueMs: 0 };
    this.watches.set(hold, watch);
    this.byOwner.set(hold.owner, hold);
    this.schedule(hold, watch);
  }

  remove(hold: Hold): void {
    if (!this.watches.delete(hold)) return;
    this.byOwner.delete(hold.owner);
    if (this.watches.size === 0) this.disarm();
  }

  lose(hold: Hold, cause: LossCause): void {
    this.remove(hold);
    hold.lose(cause);
  }

  /** After a reconnect, when messages may have been missed: every hold at once. */
  renewAll(): void {
    this.renewBatch([...this.watches.keys()]);
  }

  /** Somebody says that this owner's hold was ended: the store knows. */
  suspect(owner: string): void {
    const hold = this.byOwner.get(owner);
    if (hold) this.renewBatch([hold]);
  }

  /** Lengthens one hold's lease now. @returns false where it was lost */
  async extend(hold: Hold, leaseMs: number): Promise<boolean> {
    const sentMs = this.options.clock.nowMs();
    const rests = await this.options.renew(leasesOf(hold, leaseMs));
    this.apply(hold, sentMs, Math.min(...rests));
    return hold.isHeld;
  }

  private onTimer(): void {
    this.disarm();
    const nowMs = this.options.clock.nowMs();
    const due: Hold[] = [];
    for (const [hold, watch] of this.watches) {
      if (hold.deadlineMs <= nowMs) this.lose(hold, LEASE_ENDED);
      else if (watch.dueMs <= nowMs + watch.everyMs * BATCHED_SHARE) due.push(hold);
    }
    this.renewBatch(due);
    this.arm();
  }

  private renewBatch(holds: readonly Hold[]): void {
    let batch: Hold[] = [];
    let leases = 0;
    for (const hold of holds) {
      if (leases > 0 && leases + hold.keys.length > MOST_LEASES_PER_COMMAND) {
        this.send(batch);
        batch = [];
        leases = 0;
      }
      batch.push(hold);
      leases += hold.keys.length;
    }
    if (batch.length > 0) this.send(batch);
  }

  private send(holds: readonly Hold[]): void {
    const sentMs = this.options.clock.nowMs();
    for (const hold of holds) {
      const watch = this.watches.get(hold);
      if (watch) watch.dueMs = sentMs + watch.everyMs;
    }
    this.options.renew(holds.flatMap((hold) => leasesOf(hold, hold.isRenewed ? hold.leaseMs : 0))).then(
      (rests) => this.onAnswer(holds, sentMs, rests),
      (error: unknown) => this.onError(holds, error),
    );
  }

  private onAnswer(holds: readonly Hold[], sentMs: number, rests: readonly number[]): void {
    let index = 0;
    const unknown: Hold[] = [];
    for (const hold of holds) {
      let restMs = Infinity;
      for (let key = 0; key < hold.keys.length; key++) restMs = Math.min(restMs, rests[index++] ?? 0);
      if (Number.isNaN(restMs)) unknown.push(hold);
      else this.apply(hold, sentMs, restMs);
    }
    this.retrySoon(unknown);
    this.options.onRenewed?.(holds.length - unknown.length);
  }

  private onError(holds: readonly Hold[], error: unknown): void {
    this.retrySoon(holds);
    this.options.onRenewed?.(holds.length, error);
  }

  private retrySoon(holds: readonly Hold[]): void {
    const nowMs = this.options.clock.nowMs();
    for (const hold of holds) {
      const watch = this.watches.get(hold);
      if (!watch) continue;
      const retryMs = Math.min(RETRY_MS.most, Math.max(RETRY_MS.least, watch.everyMs / 10));
      watch.dueMs = Math.min(watch.dueMs, nowMs + retryMs);
      this.armBy(watch.dueMs);
    }
  }

  /** The hold may have been given back, or lost, while the answer was under way. */
  private apply(hold: Hold, sentMs: number, restMs: number): void {
    const watch = this.watches.get(hold);
    if (!watch || !hold.isOpen) return;
    if (restMs <= 0) {
      this.lose(hold, { why: 'the store says that it is held no more', kind: 'not-held' });
      return;
    }
    hold.confirm(sentMs, restMs);
    this.schedule(hold, watch);
  }

  private schedule(hold: Hold, watch: Watch): void {
    const nowMs = this.options.clock.nowMs();
    const third = hold.deadlineMs - (Math.min(hold.leaseMs, this.vouchedMs()) * 2) / 3;
    watch.dueMs = hold.isRenewed
      ? Math.min(nowMs + watch.everyMs, Math.max(nowMs, third))
      : nowMs + watch.everyMs;
    this.armBy(Math.min(watch.dueMs, hold.deadlineMs));
  }

  private vouchedMs(): number {
    return this.options.vouchedMs?.() ?? Infinity;
  }

  private arm(): void {
    let nextMs = Infinity;
    for (const [hold, watch] of this.watches) nextMs = Math.min(nextMs, watch.dueMs, hold.deadlineMs);
    this.armBy(nextMs);
  }

  private armBy(atMs: number): void {
    if (atMs >= this.armedMs || atMs === Infinity) return;
    this.timer?.clear();
    this.armedMs = atMs;
    const { clock } = this.options;
    // The sockets keep the process alive while they must; a forgotten hold alone need not.
    this.timer = clock.setTimer(atMs - clock.nowMs(), () => this.onTimer(), { isBackground: true });
  }

  private disarm(): void {
    this.timer?.clear();
    this.timer = undefined;
    this.armedMs = Infinity;
  }
}

function leasesOf(hold: Hold, leaseMs: number): LeaseRequest[] {
  return hold.keys.map((key) => ({ key, owner: hold.owner, leaseMs }));
}
