import { LockClosedError, LockStoreError } from '../errors.js';
import type { Hint, KeyView, LockStore, ReleaseRequest, StoreSession } from '../line/store.js';
import type { Clock } from '../util/clock.js';
import { type Random, RandomIds } from '../util/random.js';
import type { Hold } from './hold.js';
import { LookRound } from './look-round.js';
import { StoreHealth } from './store-health.js';
import { askStore } from './store-question.js';
import { Watchdog } from './watchdog.js';

export interface StoreClientOptions {
  /** The namespace as it stands before every key, with its separator. */
  readonly prefix: string;
  readonly clock: Clock;
  readonly random: Random;
  /** In milliseconds. */
  readonly watchdogMs: number;
  readonly onRenewed?: (holds: number, error?: unknown) => void;
  /** Told, once for each outage, that the store does not serve. */
  readonly onDown?: (error: unknown) => void;
  /** Told of the end of an outage that was told; how long it was, in milliseconds. */
  readonly onUp?: (downMs: number) => void;
}

/** The longest that a single question (one attempt, `inspect`) may take to be answered. */
export const ATTEMPT_MS = 2_000;
/** A key that nobody takes, to look at where only the answer counts. */
const PROBE = 'probe';

/** Pauses between attempts to release where the store does not answer; doubled. */
const PAUSE_MS = { first: 50, most: 1_000 } as const;

/** How long closing waits for releases that were sent, and for a session that is being opened. */
const FAREWELL_MS = 1_000;

/**
 * One store, as one application uses it: the session, the watchdog over its holds, the ears of its waiters.
 *
 *   unconnected ──session()──► connecting ──► connected
 *   connecting ──failed──► unconnected       whoever needs it tries again
 *   any ──close()──► closed
 */
export class StoreClient {
  readonly clock: Clock;
  readonly watchdog: Watchdog;
  readonly round: LookRound;
  /** Of the owners of this client. */
  readonly ids = new RandomIds();
  private open: StoreSession | undefined;
  private connecting: Promise<StoreSession> | undefined;
  /** How many releases were sent and not answered, and who waits for the last of them. */
  private leaving = 0;
  private onAllLeft: (() => void) | undefined;
  /** Ends the pauses between their attempts. */
  private readonly pauses = new Set<() => void>();
  private isClosed = false;
  readonly health: StoreHealth;

  constructor(
    readonly store: LockStore,
    private readonly options: StoreClientOptions,
  ) {
    const { clock, random, watchdogMs, onRenewed, onDown, onUp } = options;
    this.clock = clock;
    this.health = new StoreHealth({
      clock,
      look: () => this.probe(ATTEMPT_MS),
      onDown: (error) => onDown?.(error),
      onUp: (downMs) => onUp?.(downMs),
    });
    this.round = new LookRound(clock, random);
    this.watchdog = new Watchdog({
      clock,
      watchdogMs,
      renew: async (leases) => (await this.session()).renew(leases),
      vouchedMs: () => this.open?.vouchedMs ?? Infinity,
      onRenewed: (holds, error) => {
        this.suspect(error);
        onRenewed?.(holds, error);
      },
    });
  }

  storeKey(key: string): string {
    return this.options.prefix + key;
  }

  /** The key as the caller knows it. */
  userKey(key: string): string {
    return key.slice(this.options.prefix.length);
  }

  /** The error as its caller is to see it: a store names keys with their namespace. */
  userError(error: unknown): unknown {
    if (!(error instanceof LockStoreError) || error.key?.startsWith(this.options.prefix) !== true)
      return error;
    const { message, store, operation, isTransient, cause } = error;
    return new LockStoreError(message, {
      store,
      operation,
      isTransient,
      cause,
      key: this.userKey(error.key),
    });
  }

  /** The session where it is open: the common case, without a promise. */
  get openSession(): StoreSession | undefined {
    return this.open;
  }

  /** @throws LockStoreError, LockUnsupportedError, LockConfigError, LockClosedError */
  session(): Promise<StoreSession> {
    if (this.isClosed) return Promise.reject(closedError());
    if (this.open) return Promise.resolve(this.open);
    this.connecting ??= this.connect().finally(() => {
      this.connecting = undefined;
    });
    return this.connecting;
  }

  /** A command failed: tells of it where the store does not serve. Errors of others, and undefined, change nothing. */
  suspect(error: unknown): void {
    if (error instanceof LockStoreError && !this.isClosed) this.health.suspect();
  }

  /** Asks the store for nothing but an answer. @throws LockStoreError */
  async probe(withinMs: number): Promise<void> {
    const verb = (session: StoreSession): Promise<KeyView> => session.inspect(this.storeKey(PROBE));
    try {
      await askStore(this, { operation: 'inspect', withinMs, verb });
    } catch (error) {
      this.suspect(error);
      throw error;
    }
  }

  /**
   * Gives a hold back. Resolves when the store has answered, or when the hold has ended by itself; never rejects.
   * `keepMs` is what remains of a `minHoldTime`.
   */
  giveBack(hold: Hold, keepMs = 0): Promise<void> {
    const { keys, owner, deadlineMs, isUncertain } = hold;
    hold.give();
    this.watchdog.remove(hold);
    const left = this.leave({ keys, owner, refuses: isUncertain, keepMs }, deadlineMs);
    // Also of a lost hold: some of its keys may be held by it still.
    return this.clock.nowMs() < deadlineMs ? this.untilAnswered(left, deadlineMs) : Promise.resolve();
  }

  /** Sends the release, again while it fails, until `untilMs` of the monotonic clock. Never rejects. */
  leave(request: ReleaseRequest, untilMs: number): Promise<void> {
    this.leaving++;
    return this.sendRelease(request, untilMs);
  }

  private async sendRelease(request: ReleaseRequest, untilMs: number): Promise<void> {
    try {
      const session = this.open ?? (await this.session());
      await session.release(request);
    } catch (error) {
      this.suspect(error);
      // Its outcome is unknown: the command may still arrive.
      await this.releaseAgain({ ...request, refuses: true }, untilMs, error);
    } finally {
      this.leaving--;
      if (this.leaving === 0) this.onAllLeft?.();
    }
  }

  private async releaseAgain(request: ReleaseRequest, untilMs: number, failure: unknown): Promise<void> {
    let error = failure;
    let pauseMs: number = PAUSE_MS.first;
    while (isTransient(error) && !this.isClosed && this.clock.nowMs() + pauseMs <= untilMs) {
      await this.pause(pauseMs);
      pauseMs = Math.min(PAUSE_MS.most, pauseMs * 2);
      try {
        return await (await this.session()).release(request);
      } catch (again) {
        error = again;
      }
    }
  }

  /** Resolves with `answered`, which never rejects, or at `untilMs`. */
  untilAnswered(answered: Promise<void>, untilMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.clock.setTimer(untilMs - this.clock.nowMs(), resolve);
      void answered.then(() => {
        timer.clear();
        resolve();
      });
    });
  }

  /** Waits a little for releases that are under way, then closes the session. */
  async close(): Promise<void> {
    if (this.isClosed) return;
    const left = new Promise<void>((resolve) => {
      if (this.leaving === 0) resolve();
      else this.onAllLeft = resolve;
    });
    await this.untilAnswered(left, this.clock.nowMs() + FAREWELL_MS);
    this.isClosed = true;
    this.health.close();
    const { open, connecting } = this;
    this.open = undefined;
    for (const end of this.pauses) end();
    // A session that is still being opened is closed when it comes, which may be never.
    const late = Promise.allSettled([connecting]).then(() => undefined);
    await this.untilAnswered(late, this.clock.nowMs() + FAREWELL_MS);
    await open?.close();
  }

  private async connect(): Promise<StoreSession> {
    const { clock, watchdogMs } = this.options;
    const session = await this.store.connect({ clock, watchdogMs, onHint: (hint) => this.onHint(hint) });
    if (this.isClosed) {
      await session.close();
      throw closedError();
    }
    this.open = session;
    return session;
  }

  private onHint(hint: Hint): void {
    if (this.isClosed) return;
    if (hint.kind === 'called') this.round.call(hint.owner);
    else if (hint.kind === 'gone') this.watchdog.suspect(hint.owner);
    else {
      this.round.callAll();
      this.watchdog.renewAll();
    }
  }

  private pause(pauseMs: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        timer.clear();
        this.pauses.delete(end);
        resolve();
      };
      const timer = this.clock.setTimer(pauseMs, end, { isBackground: true });
      this.pauses.add(end);
    });
  }
}

function closedError(): LockClosedError {
  return new LockClosedError('The application is shutting down.');
}

/** Asking again may succeed. An error that is none of ours is a store's defect, and final. */
export function isTransient(error: unknown): error is LockStoreError {
  return error instanceof LockStoreError && error.isTransient;
}
