import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import type { LockScope } from '../../../lib/core/re-entry.js';
import { HandlerTicket } from '../../../lib/nest/handler-ticket.js';
import type { LockPlan } from '../../../lib/nest/lock-plan.js';
import { deferred } from '../../../lib/util/deferred.js';

const plan = {} as LockPlan;

/** A scope that tells how often it was closed. */
function countedScope(): LockScope & { closed: number } {
  return {
    closed: 0,
    handle: undefined as never,
    loss: undefined,
    run: (body) => body(),
    close() {
      this.closed++;
      return Promise.resolve();
    },
  };
}

describe('a ticket', () => {
  it('is for one call; a call beside it runs inside its hold', async () => {
    const ticket = new HandlerTicket(plan);
    const [scope, inner] = [countedScope(), countedScope()];
    expect(ticket.isFree).toBe(true);
    const taking = ticket.take(() => Promise.resolve(scope));
    expect(ticket.isFree).toBe(false);
    expect(await ticket.takeInside(() => Promise.resolve(inner))).toBe(inner);
    expect(await taking).toBe(scope);
    await ticket.end();
    expect([scope.closed, inner.closed]).toEqual([1, 0]);
  });

  it('is free again after a refusal, and a call beside it acquires for itself', async () => {
    const ticket = new HandlerTicket(plan);
    const refusal = new Error('busy');
    const taking = ticket.take(() => Promise.reject(refusal));
    const alone = countedScope();
    expect(await ticket.takeInside(() => Promise.resolve(alone))).toBe(alone);
    await expect(taking).rejects.toBe(refusal);
    expect(ticket.isFree).toBe(true);
    await ticket.end();
    expect(ticket.isFree).toBe(false);
  });

  it('releases when the body is done, where it was ended before', async () => {
    const ticket = new HandlerTicket(plan);
    const scope = countedScope();
    await ticket.take(() => Promise.resolve(scope));
    ticket.bodyBegins();
    await ticket.end();
    expect(scope.closed).toBe(0);
    await ticket.bodyEnds();
    expect(scope.closed).toBe(1);
  });

  it('gives a grant back that comes after its end, and the call does not begin', async () => {
    const ticket = new HandlerTicket(plan);
    const scope = countedScope();
    const grant = deferred<LockScope>();
    const taking = ticket.take(() => grant.promise);
    await ticket.end();
    expect(ticket.signal.aborted).toBe(true);
    grant.resolve(scope);
    await expect(taking).rejects.toBe(ticket.signal.reason);
    expect(scope.closed).toBe(1);
  });

  it('leaves the hold to a stream', async () => {
    const ticket = new HandlerTicket(plan);
    const scope = countedScope();
    const stream = new PassThrough();
    await ticket.take(() => Promise.resolve(scope));
    ticket.endWith(stream);
    await ticket.end();
    expect(scope.closed).toBe(0);
    stream.destroy();
    await new Promise(setImmediate);
    expect(scope.closed).toBe(1);
  });

  it('leaves the hold to the response, once', async () => {
    const closing: (() => void)[] = [];
    const ticket = new HandlerTicket(plan, (callback) => closing.push(callback));
    const scope = countedScope();
    await ticket.take(() => Promise.resolve(scope));
    await ticket.end();
    await ticket.end();
    expect([scope.closed, closing.length]).toEqual([0, 1]);
    closing[0]!();
    expect(scope.closed).toBe(1);
  });
});
