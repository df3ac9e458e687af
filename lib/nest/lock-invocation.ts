import { isObservable, Observable } from 'rxjs';
import type { LockScope } from '../core/re-entry.js';
import { isLockError } from '../errors.js';
import { HandlerTicket } from './handler-ticket.js';
import type { LockPlan } from './lock-plan.js';
import { OpenedCall } from './opened-call.js';
import { isIterated, iterateHeld, streamOf, subscribeHeld } from './result-kinds.js';
import { runtimeOf } from './runtime-injection.js';

/** One call of a decorated method. */
export interface Invocation {
  readonly plan: LockPlan;
  readonly self: unknown;
  readonly args: unknown[];
  /** Ends the wait for the lock when nobody wants the result any more. */
  readonly signal?: AbortSignal;
}

/** The method's promise, under the lock; a result that is not done with it keeps the hold until it is. */
export async function invokePromise(invocation: Invocation): Promise<unknown> {
  const call = await open(invocation, HandlerTicket.current(invocation.plan));
  const { result } = call;
  if (typeof result !== 'object' || result === null) {
    await call.end();
    return result;
  }
  return keepOpen(call, invocation);
}

/** The method's Observable: each subscription takes the lock for itself. */
export function invokeObservable(invocation: Invocation): Observable<unknown> {
  // Read now: a subscription may come from another context.
  const ticket = HandlerTicket.current(invocation.plan);
  return new Observable((subscriber) => {
    const abort = new AbortController();
    const opening = open({ ...invocation, signal: abort.signal }, ticket);
    if (ticket) ticket.isStreaming = true;
    opening.then(
      (call) => subscriber.add(subscribeHeld(call, subscriber)),
      (error: unknown) => subscriber.error(error),
    );
    return () => abort.abort();
  });
}

/** The method's async generator: the lock is held while it is iterated. */
export async function* invokeGenerator(invocation: Invocation): AsyncGenerator<unknown, unknown, unknown> {
  // Never on a handler's ticket: the iteration begins when the handler is done.
  return yield* iterateHeld(await open(invocation, undefined));
}

/** Acquires and calls the method; what it returned is not yet done. */
function open(invocation: Invocation, ticket: HandlerTicket | undefined): Promise<OpenedCall> {
  return ticket?.isFree ? openForHandler(invocation, ticket) : openAlone(invocation, ticket);
}

async function openAlone(invocation: Invocation, beside: HandlerTicket | undefined): Promise<OpenedCall> {
  let scope: LockScope;
  try {
    scope = await (beside ? beside.takeInside(() => enter(invocation)) : enter(invocation));
  } catch (error) {
    return standIn(invocation, beside, error);
  }
  try {
    return new OpenedCall(await callMethod(invocation, scope), scope, true);
  } catch (error) {
    await scope.close();
    throw error;
  }
}

async function openForHandler(invocation: Invocation, ticket: HandlerTicket): Promise<OpenedCall> {
  let scope: LockScope;
  try {
    scope = await ticket.take(() => enter({ ...invocation, signal: ticket.signal }));
  } catch (error) {
    return standIn(invocation, ticket, error);
  }
  ticket.bodyBegins();
  try {
    return new OpenedCall(await callMethod(invocation, scope), scope, false);
  } finally {
    await ticket.bodyEnds();
  }
}

async function enter({ plan, self, args, signal }: Invocation): Promise<LockScope> {
  const options = signal ? { ...plan.options, signal } : plan.options;
  return runtimeOf(self, plan.where).enter(plan.keysOf(args), options);
}

function callMethod({ plan, self, args }: Invocation, scope: LockScope): unknown {
  // The grant may have come too late to begin on it.
  scope.handle.assertHeld();
  if (plan.lockPosition !== undefined) args[plan.lockPosition] = scope.handle;
  return scope.run(() => plan.method.apply(self, args));
}

/** What the decorator says to do while somebody else holds the lock; any other failure is one. */
async function standIn(
  { plan, self, args }: Invocation,
  ticket: HandlerTicket | undefined,
  error: unknown,
): Promise<OpenedCall> {
  if (!plan.whenBusy || !isLockError(error) || error.code !== 'LOCK_TIMEOUT') throw error;
  if (ticket) ticket.isBusy = true;
  return new OpenedCall(await plan.whenBusy.apply(self, args), undefined, false);
}

async function keepOpen(call: OpenedCall, invocation: Invocation): Promise<unknown> {
  const { result } = call;
  if (isObservable(result)) return keepForSubscriber(call, invocation);
  const stream = streamOf(result);
  if (stream) call.endWith(stream);
  else if (isIterated(result)) return iterateHeld(call);
  else await call.end();
  return result;
}

/** The first subscription has the hold of the call; a later one takes the lock anew, and with it calls the method anew. */
function keepForSubscriber(call: OpenedCall, invocation: Invocation): Observable<unknown> {
  const ticket = HandlerTicket.current(invocation.plan);
  if (ticket) ticket.isStreaming = true;
  const again = invokeObservable(invocation);
  let isFirst = true;
  return new Observable((subscriber) => {
    if (!isFirst) return again.subscribe(subscriber);
    isFirst = false;
    return subscribeHeld(call, subscriber);
  });
}
