import type { Clock } from '../../util/clock.js';

/** The pauses of a session, which its end cuts short. */
export class Pauses {
  private readonly ends = new Set<() => void>();
  private isOver = false;

  constructor(private readonly clock: Clock) {}

  /** Resolves after so many milliseconds, or at the end of the session. */
  pause(ms: number): Promise<void> {
    if (this.isOver) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        timer.clear();
        this.ends.delete(end);
        resolve();
      };
      const timer = this.clock.setTimer(ms, end, { isBackground: true });
      this.ends.add(end);
    });
  }

  endAll(): void {
    this.isOver = true;
    for (const end of this.ends) end();
  }
}
