import { spansByKey, type LockEvent } from './history.js';
import { unorderable } from './history-linearizer.js';
import { overlaps } from './history-overlaps.js';
import { tokenFaults } from './history-tokens.js';
import { idleWaits, overtakes } from './history-waiting.js';

/** A promise that a history shows to be broken. */
export interface Violation {
  /**
   * `overlap`: holds that exclude each other. `token`: a token that did not grow. `idle`: a waiter was not woken.
   * `overtaking`: a later request came first. `order`: no order of the commands explains the answers.
   */
  readonly kind: 'overlap' | 'token' | 'idle' | 'overtaking' | 'order';
  readonly key: string;
  /** When it shows, on the history's clock. */
  readonly atMs: number;
  /** The requests that it is about. */
  readonly requests: readonly number[];
  readonly message: string;
}

/** What was promised beyond exclusion and growing tokens. */
export interface HistoryPromises {
  /**
   * How long a waiter may stand while it could hold, in milliseconds: a claim time and a look for a lost message or one
   * dead head, four seconds for many. Default: not checked.
   */
  readonly idleMs?: number;
  /** True where strict order of arrival was asked for: needs `queued` events. Default false. */
  readonly isFair?: boolean;
  /** True where nothing was killed, cut or paused, so that every answer must fit into one order. Default false. */
  readonly isFaultless?: boolean;
}

/**
 * Looks for broken promises in what clients saw of a lock, whatever served it: mutex, read/write lock and semaphore are
 * the same question with other weights. Exclusion and tokens are always checked.
 */
export function checkHistory(history: readonly LockEvent[], promises: HistoryPromises = {}): Violation[] {
  const violations: Violation[] = [];
  const endMs = history.reduce((latest, event) => Math.max(latest, event.atMs), 0);
  for (const spans of spansByKey(history).values()) {
    violations.push(...overlaps(spans), ...tokenFaults(spans));
    if (promises.idleMs !== undefined) violations.push(...idleWaits(spans, promises.idleMs, endMs));
    if (promises.isFair) violations.push(...overtakes(spans));
    if (promises.isFaultless) violations.push(...unorderable(spans));
  }
  return violations;
}

/** @throws Error that lists the first violations */
export function assertHistory(history: readonly LockEvent[], promises: HistoryPromises = {}): void {
  const violations = checkHistory(history, promises);
  if (violations.length === 0) return;
  const told = violations
    .slice(0, 5)
    .map(({ kind, key, atMs, message }) => `${kind} on "${key}" at ${atMs} ms: ${message}`);
  throw new Error(`The history breaks ${violations.length} promises:\n  ${told.join('\n  ')}`);
}
