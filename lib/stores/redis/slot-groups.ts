/** Groups of neighbours that one command may be about: the order of the keys is kept. */
export function runsOf(keys: readonly string[], slotOf: (key: string) => number): string[][] {
  const runs: string[][] = [];
  let slot: number | undefined;
  for (const key of keys) {
    const next = slotOf(key);
    if (next === slot) runs.at(-1)!.push(key);
    else runs.push([key]);
    slot = next;
  }
  return runs;
}

/** Groups that one command may be about, of at most so many. */
export function groupsOf<T>(
  items: readonly T[],
  { slotOf, most }: { readonly slotOf: (item: T) => number; readonly most: number },
): T[][] {
  const bySlot = new Map<number, T[]>();
  const groups: T[][] = [];
  for (const item of items) {
    const slot = slotOf(item);
    let group = bySlot.get(slot);
    if (!group || group.length === most) {
      group = [];
      bySlot.set(slot, group);
      groups.push(group);
    }
    group.push(item);
  }
  return groups;
}
