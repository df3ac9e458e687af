import type { Attributes } from '@opentelemetry/api';
import { isLockError } from '../errors.js';
import type { LockEvent, LockEvents } from '../core/lock-events.js';

/** Names of attributes, after OpenTelemetry's conventions: our own below a name of ours, `error.type` as everywhere. */
export const ATTRIBUTE = {
  template: 'distributed_lock.key.template',
  store: 'distributed_lock.store',
  handOff: 'distributed_lock.hand_off',
  end: 'distributed_lock.end',
  loss: 'distributed_lock.loss',
  tokens: 'distributed_lock.fencing_tokens',
  error: 'error.type',
} as const;

/** Stands for the template of a key that was given by hand: the key itself would make a time series of each voter. */
export const BY_HAND = '(by hand)';

/** Names the keys of an event without showing them. */
export type TemplateOf = (event: LockEvent) => string;

/** What every series and span of a request bears; never a key. */
export function attributesOf(event: LockEvent, templateOf: TemplateOf): Attributes {
  return { [ATTRIBUTE.template]: templateOf(event), [ATTRIBUTE.store]: event.store };
}

/** Errors of others that have a meaning here: the caller gave up, by itself or by its clock. */
const ENDED_BY_CALLER = ['AbortError', 'TimeoutError'];

/** Why a request was refused, as one of a few words. A single attempt that finds the lock taken has not timed out. */
export function refusalOf({ error, waitMs }: LockEvents['refused']): string {
  if (isLockError(error)) return error.code === 'LOCK_TIMEOUT' && waitMs === 0 ? 'busy' : error.code;
  return errorTypeOf(error);
}

/** The name of an error where it is ours or well known; no other, since it could hold anything. */
export function errorTypeOf(error: unknown): string {
  if (isLockError(error)) return error.code;
  const { name } = (error ?? {}) as { readonly name?: unknown };
  return ENDED_BY_CALLER.find((known) => known === name) ?? '_OTHER';
}
