import type { HistoryPromises } from '../../lib/testing/history-checker.js';
import type { Climate } from './campaign.js';

const CALM: Climate = {
  weather: { latencyMs: 5, messageLoss: 0.2, messageTwice: 0.2, messageDelayMs: 100 },
  cutEveryMs: Infinity,
  silenceEveryMs: Infinity,
  pauseEveryMs: Infinity,
  killEveryMs: Infinity,
  longestPauseMs: 0,
  isFair: false,
};

/** The greatest distance between two looks, and what a command takes there and back. */
const LOOK_MS = 750 + 10;
/** A claim time, however many dead heads there are at most three seconds, and a look. */
const DEAD_HEADS_MS = 3_000 + LOOK_MS;
const STORM: Climate = {
  ...CALM,
  weather: { latencyMs: 40, messageLoss: 0.3, messageTwice: 0.3, messageDelayMs: 2_000 },
  cutEveryMs: 800,
  silenceEveryMs: 2_500,
  pauseEveryMs: 1_500,
  killEveryMs: 4_000,
  longestPauseMs: 4_000,
};

/** What may happen, what is promised all the same, and over how many schedules it is tried. */
export const CLIMATES: Record<string, { climate: Climate; promises: HistoryPromises; seeds: number }> = {
  calm: { climate: CALM, promises: { idleMs: LOOK_MS + 10 }, seeds: 400 },
  fair: { climate: { ...CALM, isFair: true }, promises: { idleMs: LOOK_MS + 10, isFair: true }, seeds: 400 },
  deaths: { climate: { ...CALM, killEveryMs: 1_500 }, promises: { idleMs: DEAD_HEADS_MS + 50 }, seeds: 400 },
  storm: { climate: STORM, promises: { idleMs: DEAD_HEADS_MS + 4_000 + 3_000 + 1_500 }, seeds: 900 },
};
