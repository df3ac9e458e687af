/**
 * One store of a quorum, as one session has it.
 *
 *   closed ──open()──► connecting ──connected──► up
 *   connecting ──failed──► connecting          after a pause, for as long as the session lasts
 *   up ──close()──► closed
 *
 * It is suspected while it fails or is silent: nobody waits for it, and it does not lead.
 */
import { LockStoreError } from '../../errors.js';
import type { Hint, LockStore, SessionContext, StoreSession } from '../../line/store.js';
import type { NodeTrust } from './node-trust.js';
import type { Pauses } from './pauses.js';
import { closedError } from './quorum-errors.js';

export interface NodeOptions {
  /** Its place in the list of stores. */
  readonly index: number;
  readonly store: LockStore;
  readonly trust: NodeTrust;
  readonly context: SessionContext;
  /** How long it is not counted after it came back, perhaps empty, in milliseconds. */
  readonly restartDelayMs: number;
  readonly pauses: Pauses;
}

/** With so many commands unanswered it is not asked for more votes: it would only fall behind further. */
const MOST_UNANSWERED = 1_000;
/** Pauses between attempts to connect, in milliseconds; doubled. */
const PAUSE_MS = { first: 50, most: 1_000 } as const;

export class QuorumNode {
  readonly index: number;
  private failure: unknown;
  private session: StoreSession | undefined;
  private isSuspectedNow = false;
  private isVerifying = false;
  private isClosed = false;
  private unanswered = 0;

  constructor(private readonly options: NodeOptions) {
    this.index = options.index;
    this.failure = new Error('it is not connected yet');
  }

  get name(): string {
    return this.options.store.name;
  }

  get isUp(): boolean {
    return this.session !== undefined;
  }

  /** Whether a vote may be asked of it. */
  get mayBeAsked(): boolean {
    return this.isUp && this.unanswered < MOST_UNANSWERED;
  }

  /** Why none may, where none may. */
  get trouble(): unknown {
    return this.isUp ? new Error(`${this.unanswered} commands are unanswered`) : this.failure;
  }

  get isSuspected(): boolean {
    return this.isSuspectedNow;
  }

  /** Up, not suspected, and counted. */
  get isSound(): boolean {
    return this.isUp && !this.isSuspectedNow && this.counts;
  }

  /** Whether what it grants counts. */
  get counts(): boolean {
    const { trust, context } = this.options;
    return trust.counts(context.clock.nowMs());
  }

  /** Another one after each return that may have been empty. */
  get lives(): number {
    return this.options.trust.lives;
  }

  /** Does not answer in time. */
  suspect(): void {
    this.isSuspectedNow = true;
  }

  /** Resolves when it is connected. Goes on trying where it rejects. @throws what made the first attempt fail */
  async open(): Promise<void> {
    try {
      await this.connect();
    } catch (error) {
      void this.connectLater();
      throw error;
    }
  }

  /** Sends a command. @throws LockStoreError */
  async ask<T>(command: (session: StoreSession) => Promise<T>): Promise<T> {
    if (!this.session) throw this.failure;
    this.unanswered++;
    try {
      const answer = await command(this.session);
      this.isSuspectedNow = false;
      if (this.options.trust.isAway) void this.verify();
      return answer;
    } catch (error) {
      this.fail(error);
      throw error;
    } finally {
      this.unanswered--;
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    const { session } = this;
    this.session = undefined;
    this.failure = closedError('go on');
    await session?.close();
  }

  private async connectLater(): Promise<void> {
    const { pauses } = this.options;
    for (
      let pauseMs: number = PAUSE_MS.first;
      !this.isClosed;
      pauseMs = Math.min(PAUSE_MS.most, 2 * pauseMs)
    ) {
      await pauses.pause(pauseMs);
      if (this.isClosed || (await this.connect().then(isTrue, isFalse))) return;
    }
  }

  private async connect(): Promise<void> {
    const { store, context, trust } = this.options;
    try {
      const { absences } = trust;
      const session = await store.connect({ ...context, onHint: (hint) => this.hear(hint) });
      const life = await lifeOf(session).catch((error: unknown) => closing(session, error));
      if (this.isClosed) return await session.close();
      this.session = session;
      if (trust.absences === absences) this.comeBack(life);
    } catch (error) {
      this.fail(error);
      throw error;
    }
  }

  private hear(hint: Hint): void {
    const { trust, context } = this.options;
    if (hint.kind === 'all' && this.session) {
      trust.leave();
      void this.verify();
    }
    context.onHint(hint);
  }

  /** It answers again: is it the one that was known? Never rejects; where this fails, the next answer tries again. */
  private async verify(): Promise<void> {
    const { session, isVerifying } = this;
    if (!session || isVerifying) return;
    const { trust } = this.options;
    this.isVerifying = true;
    const { absences } = trust;
    const life = await lifeOf(session).catch((error: unknown) => this.fail(error));
    this.isVerifying = false;
    if (trust.absences === absences) this.comeBack(life);
  }

  private comeBack(life: string | undefined): void {
    const { trust, context, restartDelayMs } = this.options;
    trust.comeBack(life, context.clock.nowMs() + restartDelayMs);
  }

  private fail(error: unknown): undefined {
    if (this.isClosed) return;
    this.failure = error;
    // An answer that refuses was given by a node that was not away.
    if (error instanceof LockStoreError && !error.isTransient) return;
    this.isSuspectedNow = true;
    this.options.trust.leave();
  }
}

function lifeOf(session: StoreSession): Promise<string | undefined> {
  return session.life?.() ?? Promise.resolve(undefined);
}

async function closing(session: StoreSession, error: unknown): Promise<never> {
  await session.close();
  throw error;
}

const isTrue = (): boolean => true;
const isFalse = (): boolean => false;
