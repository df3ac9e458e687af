import type { Clock, Timer } from '../../util/clock.js';
import { systemRandom } from '../../util/random.js';
import type { Swept } from './sql-commands.js';

export interface SweeperOptions {
  readonly clock: Clock;
  readonly sweep: (place: string, most: number) => Promise<Swept>;
}

/** Between two statements, jittered so that processes spread; shorter while there is much to do. In milliseconds. */
const EVERY_MS = { atRest: 5_000, atWork: 20 } as const;
/** How many rows a statement looks at. */
const ROWS = 500;

/**
 * Walks through the table, a few rows at a time, and deletes those in which nothing counts any more: a row has no end of
 * its own, and those of a process that was killed are nobody's.
 */
export class Sweeper {
  private place = '';
  private timer: Timer | undefined;

  constructor(private readonly options: SweeperOptions) {
    this.wait(EVERY_MS.atRest);
  }

  stop(): void {
    this.timer?.clear();
    this.timer = undefined;
  }

  private wait(ms: number): void {
    const jitteredMs = ms * (0.75 + systemRandom() / 2);
    this.timer = this.options.clock.setTimer(jitteredMs, () => void this.pass(), { isBackground: true });
  }

  /** Never rejects: what was not swept is met again. */
  private async pass(): Promise<void> {
    const { timer } = this;
    const swept = await this.options.sweep(this.place, ROWS).catch(() => undefined);
    if (this.timer !== timer) return;
    const isFull = swept !== undefined && swept.scanned >= ROWS;
    this.place = isFull ? swept.place : '';
    // Much to delete: the rest of the table may be like it.
    this.wait(isFull && swept.deleted > ROWS / 10 ? EVERY_MS.atWork : EVERY_MS.atRest);
  }
}
