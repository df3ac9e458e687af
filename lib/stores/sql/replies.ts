import { type AcquireReply, type Grant, type KeyView, MODE_CAPACITY } from '../../line/store.js';

/** What an acquire answers, in the words of the port: numbers with spaces between, as the function's header has it. */
export function acquireReplyOf(text: string): AcquireReply {
  const [what, number = 0, ...held] = numbersOf(text);
  const grants = grantsOf(held);
  if (what === 0) return { kind: 'held', grants };
  if (what === 1) return { kind: 'busy', grants, lookInMs: number < 0 ? Infinity : number / 1000 };
  return what === 2 ? { kind: 'conflict', grants, capacity: number } : { kind: 'refused' };
}

/** What an inspection answers, in the words of the port; null for a key that nobody ever held. */
export function keyViewOf(text: string | null): KeyView {
  const [capacity, waiters, ...held] = (text ?? '0 0').split(' ');
  const holders: KeyView['holders'][number][] = [];
  for (let at = 0; at + 3 < held.length; at += 4) {
    const [owner, ...others] = held.slice(at, at + 4);
    const [token = 0, weight = 0, restUs = 0] = others.map(Number);
    holders.push({ owner: owner === '-' ? '' : owner!, token, weight, restMs: restUs / 1000 });
  }
  return { capacity: Number(capacity) || MODE_CAPACITY, holders, waiters: Number(waiters) };
}

/** Numbers with spaces between. */
export function numbersOf(text: string): number[] {
  return text === '' ? [] : text.split(' ').map(Number);
}

/** Microseconds of a duration; whole ones. */
export function toUs(ms: number): number {
  return Math.floor(ms * 1000);
}

function grantsOf(held: readonly number[]): Grant[] {
  const grants: Grant[] = [];
  for (let at = 0; at + 1 < held.length; at += 2) {
    grants.push({ token: held[at]!, restMs: held[at + 1]! / 1000 });
  }
  return grants;
}
