import type { Clock, Timer } from '../../util/clock.js';
import type { Polled } from './sql-commands.js';

export interface PollerOptions {
  readonly clock: Clock;
  /** Which of the waiters are called. */
  readonly ask: (waiters: ReadonlyMap<string, string>) => Promise<Polled>;
  readonly onCalled: (owner: string) => void;
}

/** Doubled while nothing changes, in milliseconds. */
const EVERY_MS = { first: 5, most: 100 } as const;

/**
 * The eyes of a session that hears nothing: one statement for all its waiters, again and again.
 *
 *   off ──start()──► idle ──somebody waits──► polling ──nobody waits──► idle
 *   any ──stop()──► off
 *
 * Each change (somebody begins to wait, is called, or is granted a key) brings it back to the shortest interval.
 */
export class Poller {
  /** The owners that wait, and the key of each. */
  private readonly waiters = new Map<string, string>();
  private everyMs: number = EVERY_MS.first;
  private timer: Timer | undefined;
  private mark = '';
  private isLooking = false;
  private isOn = false;

  constructor(private readonly options: PollerOptions) {}

  start(): void {
    this.isOn = true;
    this.quicken();
  }

  stop(): void {
    this.isOn = false;
    this.timer?.clear();
    this.timer = undefined;
  }

  watch(owner: string, key: string): void {
    if (this.waiters.get(owner) === key) return;
    this.waiters.set(owner, key);
    this.quicken();
  }

  forget(owner: string): void {
    this.waiters.delete(owner);
  }

  private quicken(): void {
    // Whoever asks often must not put the next poll off for ever.
    const isQuick = this.isLooking || (this.timer !== undefined && this.everyMs === EVERY_MS.first);
    this.everyMs = EVERY_MS.first;
    if (isQuick || !this.isOn || this.waiters.size === 0) return;
    this.timer?.clear();
    this.wait();
  }

  private wait(): void {
    this.timer = this.options.clock.setTimer(this.everyMs, () => void this.look());
  }

  /** Never rejects: a poll that fails is followed by another. */
  private async look(): Promise<void> {
    const { ask } = this.options;
    this.timer = undefined;
    if (this.waiters.size === 0) return;
    this.isLooking = true;
    const polled = await ask(this.waiters).catch((): Polled => ({ mark: this.mark, called: [] }));
    this.isLooking = false;
    if (!this.isOn) return;
    this.heed(polled);
    if (this.waiters.size > 0) this.wait();
  }

  private heed({ mark, called }: Polled): void {
    for (const owner of called) this.options.onCalled(owner);
    const hasChanged = mark !== this.mark || called.length > 0;
    this.mark = mark;
    this.everyMs = hasChanged ? EVERY_MS.first : Math.min(EVERY_MS.most, this.everyMs * 2);
  }
}
