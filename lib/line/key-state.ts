import { REFUSED_MS } from './store.js';

/**
 * The state of one key: what every back end keeps, in whatever form, and changes by one transition at a time.
 * All times are microseconds of the back end's own clock.
 */
export interface KeyState {
  /** How much may be held at once; counts only while somebody holds or waits. */
  capacity: number;
  /** First token of the last block that was granted; 0 where none is known. */
  lastToken: number;
  /** In no order. */
  holders: Holder[];
  /** In order of arrival. */
  line: Waiter[];
  /** Owner ids that are taken no more, and until when. */
  refused: Map<string, number>;
}

export interface Holder {
  /** Empty for what remains of a `minHoldTime` after the release. */
  owner: string;
  /** Where its messages go. */
  readonly session: string;
  readonly weight: number;
  token: number;
  endsUs: number;
}

export interface Waiter {
  readonly owner: string;
  readonly session: string;
  readonly weight: number;
  /** When it last asked. */
  lookedUs: number;
  /** When it was told that it may hold; undefined where it was not. Exactly the members of the prefix are called. */
  calledUs: number | undefined;
  /** It was called and did not come: passed over until it looks again. */
  isAsleep: boolean;
}

export function emptyState(): KeyState {
  return { capacity: 0, lastToken: 0, holders: [], line: [], refused: new Map() };
}

export function isIdle(state: KeyState): boolean {
  return state.holders.length === 0 && state.line.length === 0;
}

export function heldWeight(state: KeyState): number {
  return state.holders.reduce((sum, holder) => sum + holder.weight, 0);
}

export function refuse(state: KeyState, owner: string, nowUs: number): void {
  state.refused.set(owner, nowUs + REFUSED_MS * 1000);
}
