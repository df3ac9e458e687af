import type { Grant } from '../line/store.js';
import type { Clock } from '../util/clock.js';
import type { LossKind } from './lock-events.js';

/** Allowance for clocks that run at different speed, as in the Redlock paper: 1 % of the lease and 2 ms. */
export function withoutDrift(restMs: number): number {
  return restMs - restMs / 100 - 2;
}

/** Why a hold was lost, in words for the log, with the error behind it where there is one. */
export interface LossCause {
  readonly why: string;
  /** The same for programs; of a lease that ended, who had to lengthen it says more. */
  readonly kind: Exclude<LossKind, 'not-renewed'>;
  readonly error?: unknown;
}

export const LEASE_ENDED: LossCause = { why: 'its lease ended', kind: 'lease-ended' };

export interface HoldInit {
  /** With the namespace; sorted. */
  readonly keys: readonly string[];
  readonly owner: string;
  readonly leaseMs: number;
  /** False with `leaseTime`: it is asked after, not lengthened. */
  readonly isRenewed: boolean;
  /** True where a command of this owner was sent and never answered: it may still arrive, after the release too. */
  readonly isUncertain: boolean;
}

/**
 * What this process believes of one grant (of one key, or of several under one owner).
 *
 *   held ──confirm()──► held            a renewal was answered: a new local deadline
 *   held ──lose()─────► lost            deadline, "not yours", forced release, shutdown: final
 *   held ──give()─────► given           released or yielded: final, nothing renews any more
 *
 * The deadline is counted from the moment the command was sent that was granted or renewed, so that the holder stops
 * believing before the server may grant to another.
 */
export class Hold {
  readonly keys: readonly string[];
  readonly owner: string;
  readonly leaseMs: number;
  readonly isRenewed: boolean;
  readonly isUncertain: boolean;
  tokens: readonly number[] = [];
  deadlineMs = 0;
  /** True where another one held it when it was asked for. */
  wasBusy = false;
  /** Told of the loss, once. */
  onLost: ((cause: LossCause) => void) | undefined;
  private state: 'held' | 'lost' | 'given' = 'held';
  private confirmedMs = -Infinity;
  private cause: LossCause | undefined;

  constructor(
    init: HoldInit,
    private readonly clock: Clock,
  ) {
    this.keys = init.keys;
    this.owner = init.owner;
    this.leaseMs = init.leaseMs;
    this.isRenewed = init.isRenewed;
    this.isUncertain = init.isUncertain;
  }

  /** True until it was lost or given back, whatever the clock says. */
  get isOpen(): boolean {
    return this.state === 'held';
  }

  /** By the clock: a timer may be late, the deadline is not. */
  get isHeld(): boolean {
    return this.state === 'held' && this.clock.nowMs() < this.deadlineMs;
  }

  get loss(): LossCause | undefined {
    return this.cause;
  }

  /** What the store granted, asked at `sentMs`. */
  grant(sentMs: number, grants: readonly Grant[]): void {
    this.tokens = grants.map((grant) => grant.token);
    this.confirm(
      sentMs,
      grants.reduce((least, { restMs }) => Math.min(least, restMs), Infinity),
    );
  }

  /** The store answered a rest of `restMs` to what was asked at `sentMs`; an older answer than the last is of no use. */
  confirm(sentMs: number, restMs: number): void {
    if (sentMs < this.confirmedMs) return;
    this.confirmedMs = sentMs;
    this.deadlineMs = sentMs + withoutDrift(restMs);
  }

  lose(cause: LossCause): void {
    if (this.state !== 'held') return;
    this.state = 'lost';
    this.cause = cause;
    this.onLost?.(cause);
  }

  give(): void {
    if (this.state === 'held') this.state = 'given';
  }
}
