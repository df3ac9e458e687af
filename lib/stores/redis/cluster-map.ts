import { type Address, textOf } from './client-options.js';
import { SLOTS } from './cluster-slots.js';

/** A range of slots and the master that serves it, as a node tells of them. */
export interface SlotRange {
  readonly from: number;
  readonly to: number;
  readonly master: Address;
}

/** Who serves which slot, as far as is known. */
export class ClusterMap {
  private readonly masters = new Map<string, Address>();
  private readonly owners: (string | undefined)[] = Array.from({ length: SLOTS });

  /** The masters, each once. */
  get addresses(): readonly Address[] {
    return [...this.masters.values()];
  }

  masterOf(slot: number): Address | undefined {
    const owner = this.owners[slot];
    return owner === undefined ? undefined : this.masters.get(owner);
  }

  /** One slot has moved. */
  learn(slot: number, master: Address): void {
    const name = textOf(master);
    this.masters.set(name, master);
    this.owners[slot] = name;
  }

  /** The whole picture. True where some slot is served by another than was known. */
  replace(ranges: readonly SlotRange[]): boolean {
    const before = [...this.owners];
    this.owners.fill(undefined);
    this.masters.clear();
    for (const { from, to, master } of ranges) {
      this.masters.set(textOf(master), master);
      this.owners.fill(textOf(master), from, to + 1);
    }
    return before.some((owner, slot) => owner !== undefined && owner !== this.owners[slot]);
  }
}

/** What `CLUSTER SLOTS` answers. A node without a name is the one that was asked. */
export function rangesOf(rows: unknown, asked: Address): SlotRange[] {
  if (!Array.isArray(rows)) return [];
  return (rows as [number, number, [string | null, number]][]).map(([from, to, [host, port]]) => ({
    from,
    to,
    master: { host: host === null || host === '' || host === '?' ? asked.host : host, port },
  }));
}
