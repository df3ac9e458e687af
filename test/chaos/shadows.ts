import type { Record as Campaigned, Struck } from './campaign.js';
import { kindNamed } from './faults.js';
import { type Interval, meet } from './intervals.js';

/** How long the connections of a client may take to come back. */
const RECONNECT_MS = 1_000;
/** These change nothing for anybody else, and are no reason to wait. */
const WITHOUT_SHADOW = ['leave', 'wall-clock'];

/** A fault with the time in which somebody may still wait because of it. */
export interface Shadow extends Interval {
  readonly fault: Struck;
  readonly keys: ReadonlySet<string> | 'all';
}

/** For how long, and for whom, the faults of a campaign are a reason to wait or to fail. */
export class Shadows {
  readonly stalls: readonly Interval[];
  /** Of every fault, of those too that are no reason. */
  readonly all: readonly Shadow[];
  private readonly reasons: readonly Shadow[];
  private readonly slotOf = new Map<number, number>();

  constructor(campaign: Campaigned) {
    this.stalls = campaign.stalls;
    const keysOf = new Map<number, Set<string>>();
    for (const event of campaign.history) {
      if (event.kind !== 'asked') continue;
      const slot = Number.parseInt(event.client, 10);
      this.slotOf.set(event.request, slot);
      keysOf.set(slot, (keysOf.get(slot) ?? new Set()).add(event.key));
    }
    const afterMs = aftermathMs(campaign);
    this.all = campaign.struck.map((fault) => ({
      fault,
      startMs: fault.startMs,
      endMs: fault.endMs + afterMs,
      keys: fault.slot === undefined ? 'all' : (keysOf.get(fault.slot) ?? new Set()),
    }));
    this.reasons = this.all.filter(({ fault }) => !WITHOUT_SHADOW.includes(fault.kind));
  }

  /** Those of one kind that no other came near. */
  aloneOf(kind: string): readonly Shadow[] {
    const isAlone = (one: Shadow): boolean => !this.all.some((other) => other !== one && meet(one, other));
    return this.all.filter((one) => one.fault.kind === kind && isAlone(one));
  }

  /** Reasons to wait for a key. */
  over(key: string): readonly Shadow[] {
    return this.reasons.filter(({ keys }) => keys === 'all' || keys.has(key));
  }

  /** Reasons why a process may not know what it should, beside those that all have. */
  ofSlot(slot: number): readonly Shadow[] {
    return this.reasons.filter(({ fault }) => fault.slot === slot);
  }

  slotOfRequest(request: number): number {
    return this.slotOf.get(request)!;
  }

  /** True where the store may have been out of reach of that request. */
  couldFail(request: number, atMs: number): boolean {
    const slot = this.slotOfRequest(request);
    return this.reasons.some(
      ({ fault, startMs, endMs }) =>
        startMs <= atMs && atMs <= endMs && (fault.slot === undefined || fault.slot === slot),
    );
  }
}

/** What the dead cost, whether they held or waited, once the living are connected again. */
export function aftermathMs({ topology, watchdogMs }: Pick<Campaigned, 'topology' | 'watchdogMs'>): number {
  const { deadHolderMs, deadWaitersMs } = topology.promises;
  return deadHolderMs(watchdogMs) + deadWaitersMs + RECONNECT_MS;
}

/** Where a recovery begins to be measured: when the servers are back; of what hits one process, or has others step in, at once. */
export function sufferedUntilMs({ kind, startMs, endMs }: Struck): number {
  const { hits, isWhole = false } = kindNamed(kind);
  return hits === 'server' && !isWhole ? endMs : startMs;
}
