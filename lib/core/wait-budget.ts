import type { Clock, Timer } from '../util/clock.js';

/** Why a wait ended before its lock was granted. */
export type WaitEnd =
  | { readonly kind: 'time' }
  /** By the caller's signal, or because the application closes: `error` is what the caller gets. */
  | { readonly kind: 'error'; readonly error: unknown };

export interface WaitBudgetOptions {
  readonly clock: Clock;
  /** Milliseconds; Infinity for no end. */
  readonly waitMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The one budget of a request, for everything it waits for: local queue, connecting, every key.
 *
 *   open ──time is up, abort, close──► ended
 *   open ──dispose()──► disposed       granted or refused: its timer and listener are gone
 *
 * A budget has one listener at a time, since a request waits for one thing at a time.
 */
export class WaitBudget {
  private readonly startedMs: number;
  private readonly timer: Timer | undefined;
  private listener: ((end: WaitEnd) => void) | undefined;
  private ended: WaitEnd | undefined;
  private readonly onAbort: (() => void) | undefined;

  constructor(private readonly options: WaitBudgetOptions) {
    const { clock, waitMs, signal } = options;
    this.startedMs = clock.nowMs();
    if (signal?.aborted) {
      this.ended = { kind: 'error', error: signal.reason };
      return;
    }
    if (waitMs !== Infinity) this.timer = clock.setTimer(waitMs, () => this.end({ kind: 'time' }));
    if (!signal) return;
    this.onAbort = () => this.end({ kind: 'error', error: signal.reason });
    signal.addEventListener('abort', this.onAbort);
  }

  get outcome(): WaitEnd | undefined {
    return this.ended;
  }

  get waitedMs(): number {
    return this.options.clock.nowMs() - this.startedMs;
  }

  end(end: WaitEnd): void {
    if (this.ended) return;
    this.dispose();
    this.ended = end;
    const { listener } = this;
    this.listener = undefined;
    listener?.(end);
  }

  /** Calls `listener` when the budget ends, at once where it has; replaces the listener before it. */
  listen(listener: (end: WaitEnd) => void): void {
    if (this.ended) listener(this.ended);
    else this.listener = listener;
  }

  /** Whoever listened has got what it waited for. */
  unlisten(): void {
    this.listener = undefined;
  }

  dispose(): void {
    this.timer?.clear();
    if (this.onAbort) this.options.signal?.removeEventListener('abort', this.onAbort);
  }
}
