/**
 * Knows who serves which slot, and finds out when that changes.
 *
 *   drawn ──MOVED, a lost connection, CLUSTERDOWN──► drawing ──a node answered──► drawn, and `onChange` if it differs
 *   drawing ──nobody answered──► drawn as it was; the next failure tries again
 */
import type { Redis } from 'ioredis';
import type { Clock } from '../../util/clock.js';
import { type Address, textOf } from './client-options.js';
import { ClusterMap, rangesOf, type SlotRange } from './cluster-map.js';
import { redirectionOf, SlotUnserved } from './redis-errors.js';

export interface ClusterScoutOptions {
  readonly clock: Clock;
  readonly startNodes: readonly Address[];
  readonly reach: (node: Address) => Address;
  readonly ask: <T>(node: Address, command: (client: Redis) => Promise<T>) => Promise<T>;
  /** Slots have changed hands: what is under way to old masters is lost. */
  readonly onChange: (masters: readonly Address[]) => void;
}

/** Where to send a command instead; `isAsk`: this once. */
export interface Target {
  readonly address: Address;
  readonly isAsk: boolean;
}

/** The map is not drawn anew sooner after it was. */
const PAUSE_MS = 100;

export class ClusterScout {
  private readonly map = new ClusterMap();
  private drawing: Promise<void> | undefined;
  private drawnMs = -Infinity;
  private hasLearned = false;

  constructor(private readonly options: ClusterScoutOptions) {}

  get masters(): readonly Address[] {
    return this.map.addresses;
  }

  /** As far as is known. */
  knownMasterOf(slot: number): Address | undefined {
    return this.map.masterOf(slot);
  }

  /** @throws SlotUnserved */
  async masterOf(slot: number): Promise<Address> {
    const known = this.map.masterOf(slot);
    if (known) return known;
    await this.redraw();
    const found = this.map.masterOf(slot);
    if (!found) throw new SlotUnserved(slot);
    return found;
  }

  /** Where the command is to be sent instead, as the answer of `asked` says; undefined where it is no such answer. */
  heed(error: unknown, asked: Address): Target | undefined {
    const redirection = redirectionOf(error);
    if (redirection?.kind === 'ask') return { address: this.reach(redirection, asked), isAsk: true };
    // Not waited for: whoever failed asks again, or not.
    void this.redraw();
    if (!redirection) return undefined;
    const address = this.reach(redirection, asked);
    this.map.learn(redirection.slot, address);
    this.hasLearned = true;
    return { address, isAsk: false };
  }

  /** @throws what the first node said, where none answers */
  async draw(): Promise<void> {
    const nodes = new Map([...this.masters, ...this.options.startNodes].map((node) => [textOf(node), node]));
    let ranges: SlotRange[];
    try {
      ranges = await Promise.any([...nodes.values()].map((node) => this.askFor(node)));
    } catch (error) {
      throw error instanceof AggregateError ? error.errors[0] : error;
    }
    this.drawnMs = this.options.clock.nowMs();
    const hasChanged = this.map.replace(ranges);
    if (hasChanged || this.hasLearned) this.options.onChange(this.masters);
    this.hasLearned = false;
  }

  /** Draws it anew, unless that was just done. Never rejects. */
  redraw(): Promise<void> {
    if (this.drawing) return this.drawing;
    if (this.options.clock.nowMs() - this.drawnMs < PAUSE_MS) return Promise.resolve();
    this.drawing = this.draw()
      .catch(() => undefined)
      .finally(() => {
        this.drawing = undefined;
      });
    return this.drawing;
  }

  private async askFor(node: Address): Promise<SlotRange[]> {
    const rows = await this.options.ask(node, (client) => client.cluster('SLOTS'));
    const ranges = rangesOf(rows, node);
    // A node that was taken out of the cluster knows of none.
    if (ranges.length === 0) throw new SlotUnserved(0);
    return ranges.map((range) => ({ ...range, master: this.options.reach(range.master) }));
  }

  private reach({ host, port }: Address, asked: Address): Address {
    return this.options.reach({ host: host === '' ? asked.host : host, port });
  }
}
