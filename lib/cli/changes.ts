import type { HolderReport, KeyReport } from './report.js';
import { shown } from './shown.js';
import { heldAs, spanOf } from './table.js';

/** What became of a key between two looks. */
export type Change =
  | { readonly kind: 'held'; readonly key: string; readonly holder: HolderReport }
  | { readonly kind: 'ended'; readonly key: string; readonly holder: HolderReport }
  | { readonly kind: 'waiters'; readonly key: string; readonly waiters: number };

/** What came between may have been missed: each look sees one moment. */
export function changesBetween(before: readonly KeyReport[], after: readonly KeyReport[]): Change[] {
  const [old, now] = [byKey(before), byKey(after)];
  const keys = [...new Set([...old.keys(), ...now.keys()])].toSorted();
  const idle = (key: string): KeyReport => ({ key, holders: [], waiters: 0 });
  return keys.flatMap((key) => changesOf(key, old.get(key) ?? idle(key), now.get(key) ?? idle(key)));
}

function changesOf(key: string, before: KeyReport, after: KeyReport): Change[] {
  const [old, now] = [before.holders, after.holders];
  const { waiters } = after;
  return [
    ...old.filter((one) => !isIn(now, one)).map((holder): Change => ({ kind: 'ended', key, holder })),
    ...now.filter((one) => !isIn(old, one)).map((holder): Change => ({ kind: 'held', key, holder })),
    ...(waiters === before.waiters ? [] : [{ kind: 'waiters' as const, key, waiters }]),
  ];
}

function isIn(holders: readonly HolderReport[], { owner, fencingToken }: HolderReport): boolean {
  return holders.some((one) => one.owner === owner && one.fencingToken === fencingToken);
}

export function lineOf(change: Change): string {
  const key = `"${shown(change.key)}"`;
  if (change.kind === 'waiters') return `waiters ${key} ${change.waiters}`;
  const { owner, fencingToken, remainingMs, since } = change.holder;
  const who = owner === '' ? 'min hold time' : `owner ${shown(owner)}`;
  const what = `${change.kind.padEnd(7)} ${key} ${heldAs(change.holder)}, ${who}, token ${fencingToken}`;
  if (change.kind === 'ended') return what;
  return `${what}, rest ${spanOf(remainingMs)}${since === undefined ? '' : `, since ${since}`}`;
}

function byKey(keys: readonly KeyReport[]): Map<string, KeyReport> {
  return new Map(keys.map((report) => [report.key, report]));
}
