import type { Readable } from 'node:stream';
import { finished } from 'node:stream';
import type { LockLostError } from '../errors.js';
import { frames } from '../core/re-entry.js';
import type { LockScope } from '../core/re-entry.js';
import type { LockPlan } from './lock-plan.js';

/**
 * What the interceptor of a handler hands to the method it surrounds, through the async context: the method acquires,
 * after the pipes and with its real arguments; the interceptor releases, after everything that stands around the method.
 *
 *   idle ──take()──► acquiring ──granted──► holding ──end(), and the body is done──► released
 *   acquiring ──refused──► idle            an interceptor may try the handler again
 *   acquiring ──end()──► released          whoever asked has gone: the request is withdrawn
 */
export class HandlerTicket {
  /** True where values leave one by one; a single result is kept back until the release. */
  isStreaming = false;
  /** True where `whenBusy` stood in for the method. */
  isBusy = false;
  private readonly abort = new AbortController();
  private granting: Promise<LockScope | undefined> | undefined;
  private scope: LockScope | undefined;
  private bodies = 0;
  private isEnded = false;
  private isHandedOver = false;

  /** @param onClosed calls back when the answer has left, where the hold lasts until then */
  constructor(
    readonly plan: LockPlan,
    private readonly onClosed?: (callback: () => void) => void,
  ) {}

  /** The ticket of the handler call that is under way, if it is for this method. */
  static current(plan: LockPlan): HandlerTicket | undefined {
    const ticket = frames.getStore()?.ticket;
    return ticket instanceof HandlerTicket && ticket.plan === plan ? ticket : undefined;
  }

  /** Aborts when nobody waits for the handler's result any more. */
  get signal(): AbortSignal {
    return this.abort.signal;
  }

  get loss(): LockLostError | undefined {
    return this.scope?.loss;
  }

  /** True for the one call that the interceptor releases for; a call beside it runs inside its hold. */
  get isFree(): boolean {
    return this.granting === undefined && !this.isEnded;
  }

  /** Acquires for the handler. @throws as `acquire` does */
  async take(acquire: () => Promise<LockScope>): Promise<LockScope> {
    const acquiring = acquire();
    this.granting = acquiring.catch(() => undefined);
    try {
      const scope = await acquiring;
      this.scope = scope;
      if (this.isEnded) await this.refuseLate(scope);
      return scope;
    } catch (error) {
      this.granting = undefined;
      throw error;
    }
  }

  /** Acquires for another call of the same handler: an interceptor that tries again, or asks twice. */
  async takeInside(acquire: () => Promise<LockScope>): Promise<LockScope> {
    const scope = await this.granting;
    return scope ? scope.run(acquire) : acquire();
  }

  bodyBegins(): void {
    this.bodies++;
  }

  /** What was ended while the body still ran (a timeout around the handler) is released now. */
  async bodyEnds(): Promise<void> {
    this.bodies--;
    if (this.isEnded) await this.release();
  }

  /** The chain around the method is done. Resolves after the release, unless something else keeps the hold. */
  async end(): Promise<void> {
    this.isEnded = true;
    this.abort.abort();
    await this.release();
  }

  /** The result is a stream: the hold ends with it. */
  endWith(stream: Readable): void {
    this.isHandedOver = true;
    const { scope } = this;
    // Where the response is what counts, the stream's end is not yet the end.
    if (scope) finished(stream, () => this.afterAnswer(() => void scope.close()));
  }

  private async release(): Promise<void> {
    const { scope } = this;
    if (!scope || this.bodies > 0 || this.isHandedOver) return;
    if (!this.onClosed) return scope.close();
    this.isHandedOver = true;
    this.afterAnswer(() => void scope.close());
  }

  // The grant was on its way when the request was withdrawn.
  private async refuseLate(scope: LockScope): Promise<never> {
    await scope.close();
    throw this.signal.reason;
  }

  private afterAnswer(callback: () => void): void {
    if (this.onClosed) this.onClosed(callback);
    else callback();
  }
}
