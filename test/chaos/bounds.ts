import { setTimeout as sleep } from 'node:timers/promises';
import type { Slot } from './slot.js';
import type { Backing, Topology } from './topology.js';

/**
 * How long somebody waits for a lock that was given back, in milliseconds, the longest of some rounds; null where the
 * store cannot be asked that.
 */
export interface Bounds {
  /** Whoever is next is not told, and cannot listen again. */
  readonly lostMessageMs: number | null;
  /** Behind one request of a process that was killed, and behind five. */
  readonly deadHeadMs: number | null;
  readonly deadHeadsMs: number | null;
}

interface Stage {
  readonly slots: readonly Slot[];
  readonly backing: Backing;
  readonly topology: Topology;
}

const ROUNDS = 4;
/** Enough for a request to stand in the line. */
const SETTLE_MS = 300;
const PATIENT = { waitTime: 60_000 };
const GIVE_UP_MS = 30_000;
const MANY = 5;

/** Measured with the processes of the first three slots, which have no work yet; the third is killed over and over. */
export async function measureBounds(stage: Stage): Promise<Bounds> {
  const { slots, topology } = stage;
  if (slots.length < 3) return { lostMessageMs: null, deadHeadMs: null, deadHeadsMs: null };
  const isHeard = topology.harms['lost-messages'] !== undefined;
  return {
    lostMessageMs: isHeard ? await longest((round) => lostMessage(stage, round)) : null,
    deadHeadMs: await longest((round) => deadHeads(slots, `dead-${round}`, 1)),
    deadHeadsMs: await longest((round) => deadHeads(slots, `deads-${round}`, MANY)),
  };
}

async function longest(measure: (round: number) => Promise<number>): Promise<number> {
  let most = 0;
  for (let round = 0; round < ROUNDS && most < GIVE_UP_MS; round++)
    most = Math.max(most, await measure(round));
  return most;
}

async function lostMessage({ slots, backing, topology }: Stage, round: number): Promise<number> {
  const [holder, waiter] = slots as [Slot, Slot];
  const key = `deaf-${round}`;
  await holder.ask('acquire', key);
  const granted = waiter.ask('acquire', key, PATIENT).catch(() => undefined);
  await sleep(SETTLE_MS);
  const wires = waiter.someWires(0);
  for (const wire of wires) wire.refuse();
  await topology.harms['lost-messages']!(backing, { lastsMs: 10, pick: 0 });
  const ms = await handOver(holder, key, granted);
  for (const wire of wires) wire.flow();
  await waiter.ask('release', key);
  await sleep(SETTLE_MS);
  return ms;
}

async function deadHeads(slots: readonly Slot[], key: string, count: number): Promise<number> {
  const [holder, waiter, doomed] = slots as [Slot, Slot, Slot];
  await holder.ask('acquire', key);
  for (let head = 0; head < count; head++) doomed.ask('acquire', key, PATIENT).catch(() => undefined);
  await sleep(SETTLE_MS);
  const granted = waiter.ask('acquire', key, PATIENT).catch(() => undefined);
  await sleep(SETTLE_MS);
  await doomed.kill();
  const ms = await handOver(holder, key, granted);
  await waiter.ask('release', key);
  await doomed.start();
  return ms;
}

async function handOver(holder: Slot, key: string, granted: Promise<unknown>): Promise<number> {
  const fromMs = performance.now();
  await holder.ask('release', key);
  // Longer is not measured: it is broken by then.
  await Promise.race([granted, sleep(GIVE_UP_MS)]);
  return performance.now() - fromMs;
}
