import { until } from '../../support/until.js';
import { type Deferred, deferred } from '../../../lib/util/deferred.js';

/** A critical section that a test can look into and hold up, so that order is decided and not hoped for. */
export class Stage {
  running = 0;
  most = 0;
  entered = 0;
  private gate: Deferred<void> | undefined;

  /** Bodies that come from now on wait until {@link open}. */
  shut(): void {
    this.gate ??= deferred<void>();
  }

  open(): void {
    this.gate?.resolve();
    this.gate = undefined;
  }

  /** What a body does: noted, and held up while the stage is shut. */
  async play(): Promise<void> {
    this.entered++;
    this.running++;
    this.most = Math.max(this.most, this.running);
    await this.gate?.promise;
    await new Promise(setImmediate);
    this.running--;
  }

  /** Until so many bodies have begun. */
  async hasEntered(count: number): Promise<void> {
    await until(`${count} bodies have begun`, () => this.entered >= count);
  }

  reset(): void {
    this.open();
    this.entered = this.running = this.most = 0;
  }
}
