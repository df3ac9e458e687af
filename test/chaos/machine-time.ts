import type { Clock } from '../../lib/util/clock.js';
import { systemClock } from '../../lib/util/clock.js';

/** Milliseconds on the machine's monotonic clock, the same for all its processes. */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

// `performance` counts from the start of its process, on the same clock.
const OFFSET_MS = machineMs() - performance.now();

/** What a process's own clock says, on the machine's. */
export function toMachineMs(nowMs: number): number {
  return nowMs + OFFSET_MS;
}

/** For histories that several processes write. */
export const machineClock: Clock = { ...systemClock, nowMs: () => machineMs() };
