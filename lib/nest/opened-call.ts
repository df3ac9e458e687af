import { finished, type Readable } from 'node:stream';
import type { LockScope } from '../core/re-entry.js';
import type { LockLostError } from '../errors.js';

/** A call whose method has returned while its lock may still be held: for a result that is not done yet. */
export class OpenedCall {
  constructor(
    readonly result: unknown,
    /** Undefined where `whenBusy` stood in: nothing is held. */
    private readonly scope: LockScope | undefined,
    /** False where the interceptor of a handler releases. */
    private readonly isReleasing: boolean,
  ) {}

  /** Runs a step of the result in the lock's context. */
  run<T>(step: () => T): T {
    return this.scope ? this.scope.run(step) : step();
  }

  /** The result is done. @throws LockLostError where the hold was lost before */
  async end(): Promise<void> {
    const { scope } = this;
    if (!scope) return;
    const { loss } = scope;
    if (this.isReleasing) await scope.close();
    if (loss) throw loss;
  }

  /** The result failed, or nobody wants it any more. A second call does nothing. */
  async abandon(): Promise<void> {
    if (this.isReleasing) await this.scope?.close();
  }

  /** @throws LockLostError */
  assertKept(): void {
    if (this.scope?.loss) throw this.scope.loss;
  }

  /** Calls back once at a loss, so that a result that may never end does not go on without its lock. Returns how to stop. */
  onLoss(callback: (loss: LockLostError) => void): () => void {
    const signal = this.scope?.handle.signal;
    if (!signal) return () => undefined;
    const listener = (): void => callback(signal.reason as LockLostError);
    signal.addEventListener('abort', listener, { once: true });
    return () => signal.removeEventListener('abort', listener);
  }

  /** The hold ends with the stream, and the stream with the hold. */
  endWith(stream: Readable): void {
    const stop = this.onLoss((loss) => stream.destroy(loss));
    finished(stream, () => {
      stop();
      // Nobody waits for it: the store tries until the lease ends.
      void this.abandon();
    });
  }
}
