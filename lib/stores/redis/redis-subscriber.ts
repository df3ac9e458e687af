/**
 * The ear of a session: one channel of its own, on a connection of its own.
 *
 *   deaf ──subscribed──► hearing ──connection lost──► deaf
 *
 * Each time it hears again, messages may have been missed: everybody looks. It subscribes anew at intervals, which changes
 * nothing where it hears, and shows whether the connection is alive where nothing is said.
 */
import type { Hint } from '../../line/store.js';
import type { Clock, Timer } from '../../util/clock.js';
import { RedisLink, type LinkOptions } from './redis-link.js';

export interface SubscriberOptions extends Omit<LinkOptions, 'onReturn'> {
  readonly clock: Clock;
  readonly channel: string;
  readonly onHint: (hint: Hint) => void;
}

const MESSAGE = /^(called|gone) (\S+)$/;

export class RedisSubscriber {
  private readonly link: RedisLink;
  private isHearing = false;
  private hasHeard = false;
  private isClosed = false;
  private timer: Timer | undefined;

  constructor(private readonly options: SubscriberOptions) {
    this.link = new RedisLink({ ...options, onReturn: () => this.comeBack() });
    this.link.client.on('message', (channel: string, text: string) => {
      if (channel === options.channel) this.hear(text);
    });
  }

  /** Resolves when it hears. @throws what made it fail */
  async open(): Promise<void> {
    await this.link.open();
    try {
      await this.subscribe();
    } catch (error) {
      await this.close();
      throw error;
    }
    this.beat();
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.timer?.clear();
    this.timer = undefined;
    await this.link.close();
  }

  private async subscribe(): Promise<void> {
    await this.link.send((client) => client.subscribe(this.options.channel));
    if (this.isHearing) return;
    this.isHearing = true;
    if (this.hasHeard) this.options.onHint({ kind: 'all' });
    this.hasHeard = true;
  }

  private comeBack(): void {
    this.isHearing = false;
    // Where this fails the next beat tries again; waiters look by themselves all the while.
    this.subscribe().catch(() => undefined);
  }

  private beat(): void {
    // It may have been closed while it was being opened.
    if (this.isClosed) return;
    const { clock, silentMs } = this.options;
    this.timer = clock.setTimer(
      silentMs,
      () => {
        this.subscribe().catch(() => undefined);
        this.beat();
      },
      { isBackground: true },
    );
  }

  private hear(text: string): void {
    const hint = hintOf(text);
    if (hint) this.options.onHint(hint);
  }
}

/** What a message says; undefined where it is none of ours. */
export function hintOf(text: string): Hint | undefined {
  const [, kind, owner] = MESSAGE.exec(text) ?? [];
  return owner === undefined ? undefined : { kind: kind === 'gone' ? 'gone' : 'called', owner };
}
