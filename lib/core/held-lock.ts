import { LockLostError } from '../errors.js';
import { deferred } from '../util/deferred.js';
import { type Hold, LEASE_ENDED, type LossCause } from './hold.js';
import type { LossKind } from './lock-events.js';
import { type LossSignal, lossSignal } from './loss-signal.js';
import type { StoreClient } from './store-client.js';
import type { Turn } from './turn.js';

export interface HeldLockInit {
  readonly client: StoreClient;
  readonly turn: Turn;
  /** As the caller gave them; in the order of the hold's keys. */
  readonly keys: readonly string[];
  readonly capacity: number;
  readonly weight: number;
  /** Called once, when the last user has left, or it was lost. */
  readonly onOver: (lock: HeldLock, end: 'released' | 'lost') => void;
  readonly onThrown: (error: unknown) => void;
}

/**
 * One user's hold of one or several keys, with those that re-entered it.
 *
 *   held ──enter()──► held          one more user inside
 *   held ──leave(), not the last──► held
 *   held ──leave(), the last──► over            the turn goes on to the next
 *   held ──loss──► lost ──leave(), the last──► over
 */
export class HeldLock {
  readonly keys: readonly string[];
  readonly capacity: number;
  readonly weight: number;
  private users = 1;
  /** Until when a `minHoldTime` keeps the key, on the monotonic clock. */
  private keptUntilMs = 0;
  private lostError: LockLostError | undefined;
  private lossSignal: LossSignal | undefined;

  constructor(private readonly init: HeldLockInit) {
    this.keys = init.keys;
    this.capacity = init.capacity;
    this.weight = init.weight;
    init.turn.onLost = (cause) => this.onLost(cause);
    // It may have been lost between the answer and now.
    if (this.hold.loss) this.onLost(this.hold.loss);
  }

  get hold(): Hold {
    return this.init.turn.hold;
  }

  get client(): StoreClient {
    return this.init.client;
  }

  get onThrown(): (error: unknown) => void {
    return this.init.onThrown;
  }

  get isOver(): boolean {
    return this.users === 0;
  }

  get isHeld(): boolean {
    return this.users > 0 && this.lostError === undefined && this.hold.isHeld;
  }

  /** Where it came from, of one that another request had before. */
  get handOff(): 'local' | 'remote' | undefined {
    if (this.init.turn.isLocalHandOff) return 'local';
    return this.hold.wasBusy ? 'remote' : undefined;
  }

  /** Why it was lost, in a word. */
  get lossKind(): LossKind | undefined {
    const kind = this.hold.loss?.kind;
    return kind === 'lease-ended' && this.hold.isRenewed ? 'not-renewed' : kind;
  }

  /** Until the local deadline, in milliseconds. */
  get restMs(): number {
    return this.hold.deadlineMs - this.client.clock.nowMs();
  }

  /** The loss, where there was one; the clock decides, not whether a timer came in time. */
  get loss(): LockLostError | undefined {
    if (!this.lostError && this.users > 0 && !this.hold.isHeld)
      this.client.watchdog.lose(this.hold, LEASE_ENDED);
    return this.lostError;
  }

  get signal(): AbortSignal {
    if (!this.lossSignal) {
      this.lossSignal = lossSignal(this.init.onThrown);
      if (this.loss) this.lossSignal.abort(this.loss);
    }
    return this.lossSignal.signal;
  }

  tokenOf(key: string): number | undefined {
    return this.init.turn.tokens[this.keys.indexOf(key)];
  }

  enter(): void {
    this.users++;
  }

  /** Released earlier than in so many milliseconds, the key stays taken until then. */
  keepFor(minHoldMs: number): void {
    if (minHoldMs === 0) return;
    this.keptUntilMs = Math.max(this.keptUntilMs, this.client.clock.nowMs() + minHoldMs);
  }

  leave(): Promise<void> {
    if (this.users > 1) {
      this.users--;
      return Promise.resolve();
    }
    // A loss that nobody has noticed yet is noticed now, while there is somebody to tell.
    const { loss } = this;
    this.users = 0;
    if (!loss) this.init.onOver(this, 'released');
    return this.giveBack();
  }

  /** Nobody has used it, so nothing of it stays. */
  discard(): Promise<void> {
    this.keptUntilMs = 0;
    return this.leave();
  }

  /** Gives the hold back, also a lost one whose users have not left; what remains of a `minHoldTime` stays. */
  giveBack(): Promise<void> {
    const keepMs = this.keptUntilMs === 0 ? 0 : Math.max(0, this.keptUntilMs - this.client.clock.nowMs());
    return this.init.turn.leave(keepMs);
  }

  /** Ends with the store's answer, or with the hold. @returns false where it was lost */
  async extend(leaseMs: number): Promise<boolean> {
    const { signal } = this;
    const over = deferred<boolean>();
    const onLost = (): void => over.resolve(false);
    signal.addEventListener('abort', onLost);
    try {
      return await Promise.race([this.client.watchdog.extend(this.hold, leaseMs), over.promise]);
    } finally {
      signal.removeEventListener('abort', onLost);
    }
  }

  private onLost(cause: LossCause): void {
    if (this.users === 0 || this.lostError) return;
    const [key] = this.keys;
    const shown = this.keys.map((one) => `"${one}"`).join(', ');
    this.lostError = new LockLostError(
      `Lock ${shown} was lost: ${cause.why}. What the work still writes may meet another holder: check lock.signal, and fence writes with the token.`,
      { key, fencingToken: this.init.turn.tokens[0]!, cause: cause.error },
    );
    this.init.onOver(this, 'lost');
    // A command that is still under way must not hold again for an owner that is believed in no more.
    if (this.hold.isUncertain) void this.client.giveBack(this.hold);
    this.lossSignal?.abort(this.lostError);
  }
}
