import type { KeyView } from '../../line/store.js';
import { mostFrequent, nthGreatest } from './majority.js';

type Holder = KeyView['holders'][number];

export interface Quorum {
  readonly nodes: number;
  readonly majority: number;
  /** How many wait in the asking process: they are counted there. */
  readonly ownWaiters: number;
}

/** One view of a key out of those of the nodes that answered: who may hold a majority, and how many others wait. */
export function viewOf(views: readonly KeyView[], { nodes, majority, ownWaiters }: Quorum): KeyView {
  const silent = nodes - views.length;
  const byHolder = new Map<string, Holder[]>();
  for (const holder of views.flatMap(({ holders }) => holders)) {
    const name = holder.owner === '' ? `min hold ${holder.token}` : holder.owner;
    byHolder.set(name, [...(byHolder.get(name) ?? []), holder]);
  }
  const holders = [...byHolder.values()]
    .filter((seen) => seen.length + silent >= majority)
    .map((seen) => merged(seen, majority));
  const waiters = Math.max(...views.map((view) => view.waiters)) - ownWaiters;
  return {
    capacity: mostFrequent(views.map(({ capacity }) => capacity)),
    holders,
    waiters: Math.max(0, waiters),
  };
}

/** A late node may have granted under another token than the one that was agreed on. */
function merged(seen: readonly Holder[], majority: number): Holder {
  const rests = seen.map(({ restMs }) => restMs);
  const restMs = nthGreatest(rests, Math.min(majority, seen.length));
  return { ...seen[0]!, token: mostFrequent(seen.map(({ token }) => token)), restMs };
}
