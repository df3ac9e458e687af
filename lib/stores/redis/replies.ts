import { type AcquireReply, type Grant, type KeyView, MODE_CAPACITY } from '../../line/store.js';

/** What `acquire.lua` answers, in the words of the port. Its first number says what, as its header has it. */
export function acquireReplyOf(reply: number | readonly number[], leaseMs: number): AcquireReply {
  if (typeof reply === 'number') return { kind: 'held', grants: [{ token: reply, restMs: leaseMs }] };
  const [what, number = 0, ...held] = reply;
  const grants = grantsOf(held);
  if (what === 0) return { kind: 'held', grants };
  if (what === 1) return { kind: 'busy', grants, lookInMs: number < 0 ? Infinity : number / 1000 };
  return what === 2 ? { kind: 'conflict', grants, capacity: number } : { kind: 'refused' };
}

/** True where `acquire.lua` answers that something is held. */
export function isHeldReply(reply: number | readonly number[]): boolean {
  return typeof reply === 'number' || reply.length > 2;
}

/** What `inspect.lua` answers, in the words of the port. */
export function keyViewOf([capacity, waiters, ...held]: readonly (number | string)[]): KeyView {
  const holders: KeyView['holders'][number][] = [];
  for (let at = 0; at + 3 < held.length; at += 4) {
    const [owner, token, weight, restUs] = held.slice(at, at + 4);
    const restMs = Number(restUs) / 1000;
    holders.push({ owner: String(owner), token: Number(token), weight: Number(weight), restMs });
  }
  return { capacity: Number(capacity) || MODE_CAPACITY, holders, waiters: Number(waiters) };
}

function grantsOf(held: readonly number[]): Grant[] {
  const grants: Grant[] = [];
  for (let at = 0; at + 1 < held.length; at += 2) {
    grants.push({ token: held[at]!, restMs: held[at + 1]! / 1000 });
  }
  return grants;
}
