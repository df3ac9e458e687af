import type { ServerResponse } from 'node:http';
import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { Observable, type Subscriber, type TeardownLogic } from 'rxjs';
import { frames } from '../core/re-entry.js';
import { isLockError, type LockError } from '../errors.js';
import { HandlerTicket } from './handler-ticket.js';
import { type LockPlan, planOf } from './lock-plan.js';
import { isEventStream } from './nest-metadata.js';
import { streamOf } from './result-kinds.js';

/**
 * What {@link DistributedLock} puts on handlers, as the outermost of the method's own interceptors: keeps the lock until
 * the whole inner chain is done. The method itself acquires, when it is entered.
 */
@Injectable()
export class DistributedLockInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const plan = planOf(context.getHandler());
    if (!plan) return next.handle();
    const outer = frames.getStore()?.scope;
    return new Observable((subscriber) => {
      const ticket = new HandlerTicket(plan, closingOf(context, plan));
      const handle = (): Observable<unknown> => frames.run({ scope: outer, ticket }, () => next.handle());
      return new HandlerResult(ticket, subscriber, isEventStream(context.getHandler())).follow(handle);
    });
  }
}

/** Passes a handler's result on; the release comes before the end of it. */
class HandlerResult {
  /** Kept back: a promise's one result may leave only when the lock is free. */
  private kept: { readonly value: unknown } | undefined;

  constructor(
    private readonly ticket: HandlerTicket,
    private readonly subscriber: Subscriber<unknown>,
    private readonly isEventStream: boolean,
  ) {}

  follow(handle: () => Observable<unknown>): TeardownLogic {
    const inner = handle().subscribe({
      next: (value) => this.pass(value),
      error: (error: unknown) => void this.ticket.end().then(() => this.fail(error)),
      complete: () => void this.complete(),
    });
    return () => {
      inner.unsubscribe();
      // Nobody waits for it: the store tries until the lease ends.
      void this.ticket.end();
    };
  }

  private pass(value: unknown): void {
    // Skipped: there is no event to send.
    if (this.isEventStream && this.ticket.isBusy && value === undefined) return;
    if (this.ticket.isStreaming) return this.subscriber.next(value);
    this.flush();
    this.kept = { value };
  }

  private flush(): void {
    const { kept } = this;
    this.kept = undefined;
    if (kept) this.subscriber.next(kept.value);
  }

  private async complete(): Promise<void> {
    const { loss } = this.ticket;
    const stream = loss ? undefined : streamOf(this.kept?.value);
    if (stream) this.ticket.endWith(stream);
    else await this.ticket.end();
    if (loss) return this.fail(loss);
    this.flush();
    this.subscriber.complete();
  }

  private fail(error: unknown): void {
    const isSentByNest = this.isEventStream && isLockError(error);
    this.subscriber.error(isSentByNest ? withPublicMessage(error) : error);
  }
}

/** How to learn that the HTTP response is closed, where the hold lasts until then. */
function closingOf(context: ExecutionContext, plan: LockPlan): ((callback: () => void) => void) | undefined {
  if (!plan.holdsUntilResponse || context.getType() !== 'http') return undefined;
  const response = context.switchToHttp().getResponse<ServerResponse & { raw?: ServerResponse }>();
  const raw = response.raw ?? response;
  return (callback) => {
    if (raw.closed || raw.destroyed) callback();
    else raw.once('close', callback);
  };
}

/** Once its head is sent, Nest writes an error's message into an event stream: the client may read no key in it. */
function withPublicMessage(error: LockError): unknown {
  return Object.create(error, { message: { value: error.publicMessage }, cause: { value: error } });
}
