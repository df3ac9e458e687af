import type { Clock, Timer } from '../util/clock.js';
import type { Random } from '../util/random.js';

/** Without any message a waiter looks after so long, drawn anew each round. */
const ROUND_MS = { least: 600, spread: 150 } as const;

/**
 * Who waits for a message, and the round in which all waiters of a session look together when none comes.
 *
 *   enter ──► watching ──call(owner), callAll, round──► woken ──sleep──► watching …  ──leave──►
 *
 * A call that comes while the waiter is not asleep is kept: the next sleep ends at once, so no wake-up is lost between
 * an answer and the sleep that follows it.
 */
export class LookRound {
  private readonly looks = new Map<string, Look>();
  private timer: Timer | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  enter(owner: string): Look {
    const look = new Look(this.clock);
    this.looks.set(owner, look);
    return look;
  }

  leave(owner: string): void {
    this.looks.delete(owner);
    if (this.looks.size > 0) return;
    this.timer?.clear();
    this.timer = undefined;
  }

  /** Somebody falls asleep: the round goes round. */
  start(): void {
    this.timer ??= this.clock.setTimer(ROUND_MS.least + this.random() * ROUND_MS.spread, () => {
      this.timer = undefined;
      this.callAll();
      if (this.looks.size > 0) this.start();
    });
  }

  call(owner: string): void {
    this.looks.get(owner)?.call();
  }

  callAll(): void {
    for (const look of this.looks.values()) look.call();
  }
}

/** One waiter's ear. */
export class Look {
  private isCalled = false;
  private wake: (() => void) | undefined;

  constructor(private readonly clock: Clock) {}

  call(): void {
    this.isCalled = true;
    this.wake?.();
  }

  /** Forgets calls that an attempt made now will answer anyway. */
  heed(): void {
    this.isCalled = false;
  }

  /** Resolves when called, or after `mostMs`, or when `interrupt` is called by whoever was given it. */
  sleep(mostMs: number, onInterrupt: (interrupt: () => void) => void): Promise<void> {
    if (this.isCalled) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.clock.setTimer(mostMs, () => this.wake?.());
      this.wake = () => {
        this.wake = undefined;
        timer.clear();
        resolve();
      };
      onInterrupt(this.wake);
    });
  }
}
