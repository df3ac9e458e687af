/**
 * A connection on which a command counts only when enough replicas have what it wrote.
 *
 *   sent ──answered──► answered ──a WAIT that was sent after it says enough──► resolved
 *   sent ──error──► rejected
 *   answered ──no WAIT says enough within the budget──► rejected: the outcome stands on the master, and is unknown
 *
 * `WAIT` counts what its own connection wrote, so both go over this one. It is asked for in short steps, one at a time: a
 * command that comes meanwhile stands behind a step, never behind the whole budget of another.
 */
import type { Redis } from 'ioredis';
import type { Clock } from '../../util/clock.js';
import { type Deferred, deferred } from '../../util/deferred.js';
import { NotAcknowledged } from './redis-errors.js';
import { RedisLink, type LinkOptions } from './redis-link.js';
import type { Sender } from './script-runner.js';

export interface ReplicatedLinkOptions extends LinkOptions {
  readonly waitReplicas: number;
  readonly watchdogMs: number;
}

/** What is sent with a {@link ReplicatedLink}. */
export interface ReplicatedUse {
  readonly stateKey: string;
  readonly isGrant: (reply: unknown) => boolean;
  /** Sent before each command. */
  readonly prelude?: ((client: Redis) => void) | undefined;
}

interface Entry {
  /** How many WAITs had been sent before it: only a later one speaks of it. */
  readonly after: number;
  readonly giveUpMs: number;
  readonly acknowledged: Deferred<void>;
}

const STEP_MS = 50;
/** How long replicas are given: a part of the lease, so that a renewal that failed is tried again in time. */
const BUDGET = { share: 1 / 6, leastMs: 100, mostMs: 1_000 } as const;
/** How long what is written to make a fresh connection's WAIT speak of everything before it stays. */
const MARK_MS = 1_000;

export class ReplicatedLink {
  private readonly link: RedisLink;
  private readonly clock: Clock;
  private readonly budgetMs: number;
  private readonly entries = new Set<Entry>();
  private waits = 0;
  private isWaiting = false;
  private hasWritten = false;

  constructor(private readonly options: ReplicatedLinkOptions) {
    this.clock = options.clock;
    this.budgetMs = Math.min(BUDGET.mostMs, Math.max(BUDGET.leastMs, options.watchdogMs * BUDGET.share));
    const onReturn = (): void => {
      this.hasWritten = false;
      options.onReturn();
    };
    this.link = new RedisLink({ ...options, onReturn });
  }

  open(): Promise<void> {
    return this.link.open();
  }

  close(): Promise<void> {
    return this.link.close();
  }

  /** For commands about keys in the slot of one. An answer that grants nothing needs no replica. */
  senderFor({ stateKey, isGrant, prelude }: ReplicatedUse): Sender {
    return {
      send: async (command) => {
        const marked = this.mark(stateKey, prelude);
        const answer = this.link.send((client) => {
          prelude?.(client);
          return command(client);
        });
        const entry = this.enter();
        const { promise } = entry.acknowledged;
        // What fails is told by the first that is awaited; the others must not go unheard.
        for (const one of [marked, promise]) one?.catch(() => undefined);
        try {
          const value = await answer;
          if (isGrant(value)) await Promise.all([marked, promise]);
          return value;
        } finally {
          this.entries.delete(entry);
        }
      },
    };
  }

  /**
   * A command that is repeated on a new connection may write nothing, and WAIT would then speak of nothing: what the old
   * connection wrote may not have reached a replica. So each connection writes first.
   */
  private mark(
    stateKey: string,
    prelude: ((client: Redis) => void) | undefined,
  ): Promise<unknown> | undefined {
    if (this.hasWritten) return undefined;
    this.hasWritten = true;
    const written = this.link.send((client) => {
      prelude?.(client);
      return client.set(`${stateKey}:mark`, '', 'PX', MARK_MS);
    });
    written.catch(() => {
      this.hasWritten = false;
    });
    return written;
  }

  private enter(): Entry {
    const giveUpMs = this.clock.nowMs() + this.budgetMs;
    const entry: Entry = { after: this.waits, giveUpMs, acknowledged: deferred<void>() };
    this.entries.add(entry);
    // All that one tick sends shares one WAIT.
    queueMicrotask(() => void this.wait());
    return entry;
  }

  private async wait(): Promise<void> {
    if (this.isWaiting || this.entries.size === 0) return;
    this.isWaiting = true;
    const number = ++this.waits;
    const { waitReplicas } = this.options;
    try {
      const count = await this.link.send((client) => client.wait(waitReplicas, STEP_MS));
      this.settle(number, count);
    } catch (error) {
      for (const entry of this.before(number)) this.reject(entry, error);
    }
    this.isWaiting = false;
    void this.wait();
  }

  private settle(number: number, count: number): void {
    const nowMs = this.clock.nowMs();
    for (const entry of this.before(number)) {
      if (count >= this.options.waitReplicas) {
        this.entries.delete(entry);
        entry.acknowledged.resolve();
      } else if (nowMs >= entry.giveUpMs) {
        this.reject(entry, new NotAcknowledged(count, this.options.waitReplicas));
      }
    }
  }

  private reject(entry: Entry, error: unknown): void {
    this.entries.delete(entry);
    entry.acknowledged.reject(error);
  }

  private before(number: number): Entry[] {
    return [...this.entries].filter(({ after }) => after < number);
  }
}
