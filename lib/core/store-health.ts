import type { Clock, Timer } from '../util/clock.js';

export interface StoreHealthOptions {
  readonly clock: Clock;
  /** Asks the store for anything; rejects where it does not serve, and within a bounded time. */
  readonly look: () => Promise<unknown>;
  readonly onDown: (error: unknown) => void;
  /** `downMs` is counted from the first failure. */
  readonly onUp: (downMs: number) => void;
}

/** How long after a failure the store is asked again, and how often while it is down. */
const LOOK_MS = { first: 250, next: 1_000 } as const;

/**
 * Whether a store serves, as an operator would say it: one bad answer is no outage, and an outage is one, however many
 * requests meet it.
 *
 *   serving ──suspect()──► suspected        asked 250 ms later
 *   suspected ──answered──► serving         told to nobody
 *   suspected ──failed──► down              told once; asked every second
 *   serving, suspected ──fail()──► down     told once
 *   down ──answered──► serving              told once
 *   any ──close()──► closed                 no timer
 */
export class StoreHealth {
  private state: 'serving' | 'suspected' | 'down' | 'closed' = 'serving';
  private sinceMs = 0;
  private timer: Timer | undefined;

  constructor(private readonly options: StoreHealthOptions) {}

  get isDown(): boolean {
    return this.state === 'down';
  }

  /** A command failed. */
  suspect(): void {
    if (this.state !== 'serving') return;
    this.state = 'suspected';
    this.sinceMs = this.options.clock.nowMs();
    this.lookIn(LOOK_MS.first);
  }

  /** It certainly does not serve. */
  fail(error: unknown): void {
    if (this.state === 'serving') this.sinceMs = this.options.clock.nowMs();
    if (this.state === 'down' || this.state === 'closed') return;
    this.state = 'down';
    this.options.onDown(error);
    this.lookIn(LOOK_MS.next);
  }

  close(): void {
    this.state = 'closed';
    this.timer?.clear();
  }

  private lookIn(ms: number): void {
    this.timer?.clear();
    this.timer = this.options.clock.setTimer(ms, () => void this.look(), { isBackground: true });
  }

  /** Never rejects: what the store says is what was asked. */
  private async look(): Promise<void> {
    try {
      await this.options.look();
      this.serves();
    } catch (error) {
      if (this.state === 'down') this.lookIn(LOOK_MS.next);
      else this.fail(error);
    }
  }

  private serves(): void {
    const { state, sinceMs } = this;
    if (state === 'closed') return;
    this.state = 'serving';
    if (state === 'down') this.options.onUp(this.options.clock.nowMs() - sinceMs);
  }
}
