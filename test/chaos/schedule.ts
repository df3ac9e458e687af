import { Seeded } from '../support/seeded.js';

/** What may be planned, as far as a plan has to know it. */
export interface Plannable {
  readonly name: string;
  /** One process, the wires of one process, or what all of them use. */
  readonly hits: 'process' | 'wire' | 'server';
  /** The least and the most, in milliseconds. */
  readonly lastsMs: readonly [least: number, most: number];
  /** How often it comes beside the others. */
  readonly weight: number;
}

/** One fault of a plan. */
export interface PlannedFault {
  readonly kind: string;
  /** From the beginning of the campaign. */
  readonly atMs: number;
  readonly lastsMs: number;
  /** Which process, or whose wires; undefined for the server. */
  readonly slot: number | undefined;
  /** What is left to choose, from 0 up to 1. */
  readonly pick: number;
}

export interface Campaigning {
  readonly seed: number;
  /** Faults begin and end within this time. */
  readonly forMs: number;
  /** Before the first fault, so that everybody is at work. */
  readonly calmMs: number;
  /** On average so long after the last one a fault begins. */
  readonly everyMs: number;
  /** From then on they come one by one, each when nobody suffers from the last any more. Default: never. */
  readonly alone?: { readonly fromMs: number; readonly pauseMs: number };
  readonly slots: number;
  readonly kinds: readonly Plannable[];
}

/** Between the end of a fault and the next on the same target. */
const REST_MS = { process: 400, wire: 400, server: 1_000 } as const;

/**
 * The faults of a campaign: the same for the same seed. Several at once, but one at a time on each process with its
 * wires, and on the server; kinds come in shuffled rounds, so that a short campaign meets as many of them as it can.
 */
export function planFaults(campaign: Campaigning): PlannedFault[] {
  const { seed, forMs, calmMs, everyMs, alone, kinds } = campaign;
  const chance = new Seeded(seed);
  const planned: PlannedFault[] = [];
  const freeMs = new Map<number | undefined, number>();
  const rounds = roundsOf(chance, kinds);
  for (let atMs = calmMs; atMs < forMs;) {
    const { value: kind } = rounds.next();
    if (!kind) break;
    const fault = faultOf(chance, kind, { ...campaign, freeMs, atMs });
    const endMs = fault.atMs + fault.lastsMs;
    const isAlone = alone !== undefined && atMs >= alone.fromMs;
    atMs = isAlone ? endMs + alone.pauseMs : atMs + everyMs * (0.25 + 1.5 * chance.next());
    // The last of the mixture are over before the first that is alone.
    if (endMs > (alone && !isAlone ? alone.fromMs - alone.pauseMs : forMs)) continue;
    planned.push(fault);
    freeMs.set(fault.slot, endMs + REST_MS[kind.hits]);
  }
  return planned.sort((a, b) => a.atMs - b.atMs);
}

function* roundsOf(chance: Seeded, kinds: readonly Plannable[]): Generator<Plannable, undefined> {
  while (kinds.length > 0) yield* shuffled(chance, kinds);
  return undefined;
}

function faultOf(
  chance: Seeded,
  kind: Plannable,
  { slots, freeMs, atMs, forMs, calmMs }: Campaigning & Moment,
): PlannedFault {
  const lastsMs = Math.round(Math.min(chance.int(...kind.lastsMs), 0.7 * (forMs - calmMs)));
  const slot = targetOf(chance, kind, { slots, freeMs, atMs });
  const startMs = Math.round(Math.max(atMs, freeMs.get(slot) ?? 0));
  return { kind: kind.name, atMs: startMs, lastsMs, slot, pick: chance.next() };
}

/** Which targets are free from when on, in a plan as far as it is made. */
interface Moment {
  readonly freeMs: ReadonlyMap<number | undefined, number>;
  readonly atMs: number;
}

/** One that is free by then, or that will be first. */
function targetOf(
  chance: Seeded,
  { hits }: Plannable,
  { slots, freeMs, atMs }: Moment & { readonly slots: number },
): number | undefined {
  if (hits === 'server') return undefined;
  const all = shuffled(
    chance,
    Array.from({ length: slots }, (_, slot) => ({ slot, weight: 1 })),
  ).map(({ slot }) => slot);
  const whenFree = (slot: number): number => freeMs.get(slot) ?? 0;
  return (
    all.find((slot) => whenFree(slot) <= atMs) ??
    all.reduce((one, other) => (whenFree(other) < whenFree(one) ? other : one))
  );
}

function shuffled<T extends { readonly weight: number }>(chance: Seeded, from: readonly T[]): T[] {
  return from
    .flatMap((one) => Array.from({ length: one.weight }, () => one))
    .map((one) => ({ one, at: chance.next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one);
}
