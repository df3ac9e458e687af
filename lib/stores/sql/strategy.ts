import { LockConfigError } from '../../errors.js';
import type { AcquireReply, AcquireRequest } from '../../line/store.js';

/** How a database keeps a lock: in the state of a row, or by a transaction that stays open and has a row locked. */
export type Strategy = 'lease' | 'transaction';

/** Stands in the row of a key as its capacity while a transaction holds the key: no mutex and no semaphore has so much. */
export const TRANSACTION_CAPACITY = 1_000_000_001;

/** @throws LockConfigError where the key is in use by the other strategy: neither would see the other's holder */
export function refuseOtherStrategy(request: AcquireRequest, reply: AcquireReply): void {
  if (reply.kind !== 'conflict') return;
  const [asked, used] = [strategyOf(request.capacity), strategyOf(reply.capacity)];
  if (asked === used) return;
  const key = request.keys[reply.grants.length]!;
  const text =
    `Lock "${key}" is in use under strategy: '${used}', and asked for under strategy: '${asked}'. ` +
    'Give every application of the table the same strategy, or another table.';
  throw new LockConfigError(text, { key, option: 'strategy' });
}

function strategyOf(capacity: number): Strategy {
  return capacity === TRANSACTION_CAPACITY ? 'transaction' : 'lease';
}
