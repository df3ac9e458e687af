import { setImmediate as nextTurn } from 'node:timers';
import type { Clock, Timer } from '../../lib/util/clock.js';

/** Random numbers that a seed repeats: a Weyl sequence, mixed by the finalizer of MurmurHash3. */
export class Dice {
  private state: number;

  constructor(seed: number) {
    this.state = Math.imul(seed, 0x9e37_79b9);
  }

  readonly next = (): number => {
    this.state = (this.state + 0x6d2b_79f5) | 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };

  between(least: number, most: number): number {
    return least + this.next() * (most - least);
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.next() * choices.length)]!;
  }
}

interface Happening {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** Everything that happens, in order of time; nothing happens by itself. */
export class World {
  nowMs = 0;
  private readonly heap: Happening[] = [];
  private count = 0;

  at(atMs: number, run: () => void): void {
    this.heap.push({ atMs: Math.max(atMs, this.nowMs), order: this.count++, run });
    for (let child = this.heap.length - 1; child > 0;) {
      const parent = (child - 1) >> 1;
      if (!this.isBefore(child, parent)) break;
      this.swap(child, parent);
      child = parent;
    }
  }

  /** Runs what happens until `untilMs`, each with everything that follows from it by promises alone. */
  async run(untilMs: number): Promise<void> {
    await turn();
    while (this.heap.length > 0 && this.heap[0]!.atMs <= untilMs) {
      const { atMs, run } = this.take();
      this.nowMs = atMs;
      run();
      await turn();
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
  }

  private take(): Happening {
    const first = this.heap[0]!;
    const last = this.heap.pop()!;
    if (this.heap.length > 0) this.heap[0] = last;
    for (let parent = 0; ;) {
      let least = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2]) {
        if (child < this.heap.length && this.isBefore(child, least)) least = child;
      }
      if (least === parent) return first;
      this.swap(least, parent);
      parent = least;
    }
  }

  private isBefore(one: number, other: number): boolean {
    const [a, b] = [this.heap[one]!, this.heap[other]!];
    return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
  }

  private swap(one: number, other: number): void {
    [this.heap[one], this.heap[other]] = [this.heap[other]!, this.heap[one]!];
  }
}

/** After every microtask, however many follow from each other. */
function turn(): Promise<void> {
  return new Promise((resolve) => void nextTurn(resolve));
}

/**
 * A process: its clock runs a little fast or slow, and whatever reaches it (timers, answers, messages) waits while it is
 * paused and is lost when it was killed.
 */
export class SimulatedProcess implements Clock {
  isKilled = false;
  timers = 0;
  private pausedUntilMs = 0;

  constructor(
    readonly name: string,
    private readonly world: World,
    /** Of its clock against the world's. */
    readonly rate: number,
  ) {}

  nowMs(): number {
    return this.world.nowMs * this.rate;
  }

  epochUs(): number {
    throw new Error('Only a back end has a wall clock.');
  }

  worldMs(processMs: number): number {
    return processMs / this.rate;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    if (delayMs === Infinity) return { clear: () => undefined };
    let isSet = true;
    this.timers++;
    const end = (): boolean => {
      if (isSet) this.timers--;
      const wasSet = isSet;
      isSet = false;
      return wasSet;
    };
    const fire = (): void => {
      if (isSet) this.deliver(() => void (end() && callback()));
    };
    this.world.at(this.world.nowMs + Math.max(0, delayMs) / this.rate, fire);
    return { clear: () => void end() };
  }

  /** Something reaches the process: now, when it runs again, or never. */
  deliver(callback: () => void): void {
    if (this.isKilled) return;
    if (this.world.nowMs >= this.pausedUntilMs) callback();
    else this.world.at(this.pausedUntilMs, () => this.deliver(callback));
  }

  pause(forMs: number): void {
    this.pausedUntilMs = Math.max(this.pausedUntilMs, this.world.nowMs + forMs);
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.setTimer(ms, resolve);
    });
  }
}
