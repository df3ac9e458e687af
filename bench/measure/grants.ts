import { jain } from './statistics.js';

/** Who had the lock, from when until when; in order of the beginnings. */
export interface Grants {
  /** Numbers of waiters. */
  readonly who: ArrayLike<number>;
  /** When the waiter had it in hand. */
  readonly from: ArrayLike<number>;
  /** When it began to give it back. */
  readonly until: ArrayLike<number>;
}

/** Notes grants without making an object for each. */
export class GrantLog {
  private readonly who: Uint16Array;
  private readonly from: Float64Array;
  private readonly until: Float64Array;
  private count = 0;

  constructor(capacity: number) {
    this.who = new Uint16Array(capacity);
    this.from = new Float64Array(capacity);
    this.until = new Float64Array(capacity);
  }

  /** @throws RangeError where there are more than foreseen, since what is lost could be an overlap */
  note(who: number, fromMs: number, untilMs: number): void {
    if (this.count === this.who.length) throw new RangeError(`more than ${this.count} grants in one turn`);
    this.who[this.count] = who;
    this.from[this.count] = fromMs;
    this.until[this.count] = untilMs;
    this.count++;
  }

  taken(): Grants {
    const { who, from, until, count } = this;
    return { who: who.slice(0, count), from: from.slice(0, count), until: until.slice(0, count) };
  }
}

/** The grants of several processes as one history. */
export function merged(logs: readonly Grants[]): Grants {
  if (logs.length === 1 && isSorted(logs[0]!.from)) return logs[0]!;
  const flat = (part: keyof Grants): Float64Array => joined(logs.map((log) => log[part]));
  const [who, from, until] = [flat('who'), flat('from'), flat('until')];
  const order = Uint32Array.from(from.keys()).sort((a, b) => from[a]! - from[b]!);
  const sorted = (values: Float64Array): Float64Array => Float64Array.from(order, (index) => values[index]!);
  return { who: sorted(who), from: sorted(from), until: sorted(until) };
}

function joined(parts: readonly ArrayLike<number>[]): Float64Array {
  const all = new Float64Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function isSorted(values: ArrayLike<number>): boolean {
  for (let index = 1; index < values.length; index++) {
    if (values[index]! < values[index - 1]!) return false;
  }
  return true;
}

/** What a history of grants tells. */
export interface Story {
  readonly grants: number;
  /** Grants to another waiter than the one before. */
  readonly handOffs: number;
  /** Grants that began before an earlier one had ended. */
  readonly overlaps: number;
  /** From the beginning of a release until another waiter had the lock in hand. */
  readonly latencies: Float64Array;
  /** Jain's index over the grants of all waiters. */
  readonly jain: number;
  /** Waiters that never had it. */
  readonly starved: number;
}

/** @param waiters how many there were, numbered from 0 */
export function storyOf({ who, from, until }: Grants, waiters: number): Story {
  const shares = Array.from({ length: waiters }, () => 0);
  const latencies = new Float64Array(who.length);
  let handOffs = 0;
  let overlaps = 0;
  let latestEnd = -Infinity;
  for (let index = 0; index < who.length; index++) {
    shares[who[index]!]!++;
    if (from[index]! < latestEnd) overlaps++;
    else if (index > 0 && who[index] !== who[index - 1]) latencies[handOffs++] = from[index]! - latestEnd;
    latestEnd = Math.max(latestEnd, until[index]!);
  }
  return {
    grants: who.length,
    handOffs,
    overlaps,
    latencies: latencies.slice(0, handOffs),
    jain: jain(shares),
    starved: shares.filter((share) => share === 0).length,
  };
}

/** Those that began in that time. */
export function within({ who, from, until }: Grants, fromMs: number, untilMs: number): Grants {
  const some = (values: ArrayLike<number>): Float64Array =>
    Float64Array.from(values).filter((_, index) => from[index]! >= fromMs && from[index]! < untilMs);
  return { who: some(who), from: some(from), until: some(until) };
}
