import type { HistoryPromises } from '../../lib/testing/history-checker.js';
import type { Climate } from './campaign.js';

const CALM: Climate = {
  weather: { latencyMs: 5, messageLoss: 0.2, messageTwice: 0.2, messageDelayMs: 100 },
  cutEveryMs: Infinity,
  silenceEveryMs: Infinity,
  pauseEveryMs: Infinity,
  killEveryMs: Infinity,
  longestPauseMs: 0,
  longestCutMs: 0,
  watchdogMs: 1_500,
  ghostMs: 0,
  clockDrift: 0.004,
  isFair: false,
};

/** The greatest distance between two looks by the slowest clock, then the release or withdrawal, the look and its answer under way. */
const LOOK_MS = 750 * 1.01 + 6 * 10;
/** Some who are called one after the other may each miss the message, and one may give up just before its look. */
const CHAIN_MS = 3 * LOOK_MS;
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
  longestCutMs: 1_500,
  ghostMs: 10_000 + 1_500,
};

/**
 * Connections are cut and come back, and what was under way arrives late: a request that gave up must leave no ghost,
 * which would keep the others out for a lease that is longer than the bound.
 */
const CUTS: Climate = {
  ...CALM,
  cutEveryMs: 300,
  longestCutMs: 100,
  watchdogMs: 8_000,
  ghostMs: 1_000,
};

/** Processes stop beyond their lease while clocks run apart by almost what is allowed for, and answers come at once. */
const PAUSES: Climate = {
  ...CALM,
  weather: { ...CALM.weather, latencyMs: 1 },
  pauseEveryMs: 400,
  longestPauseMs: 6_000,
  watchdogMs: 4_000,
  clockDrift: 0.009,
};

/** Stops and cuts of one process may follow each other as long as a run is disturbed: only who never comes is found there. */
const STOPPED_MS = 8_000 + 6_000;

/** Three servers whose clocks are half a second apart, and nothing goes wrong but messages. */
const QUORUM: Climate = {
  ...CALM,
  quorum: { servers: 3, restartEveryMs: Infinity, restartDelayMs: 1_500, apartMs: 500 },
};

/** Five, over bad wires: connections break and fall silent one by one, processes stop and die. */
const QUORUM_STORM: Climate = {
  ...STORM,
  weather: { ...STORM.weather, latencyMs: 15 },
  cutEveryMs: 400,
  silenceEveryMs: 1_500,
  longestCutMs: 600,
  quorum: { servers: 5, restartEveryMs: Infinity, restartDelayMs: 300, apartMs: 500 },
};

/** Servers come back empty, and are not counted for the longest lease. */
const QUORUM_RESTARTS: Climate = {
  ...CALM,
  pauseEveryMs: 2_000,
  longestPauseMs: 2_000,
  quorum: { servers: 3, restartEveryMs: 1_500, restartDelayMs: 1_600, apartMs: 500 },
};

/** What may happen, what is promised all the same, and over how many schedules it is tried. */
export interface Trial {
  readonly climate: Climate;
  readonly promises: HistoryPromises;
  readonly seeds: number;
}

export type ClimateName =
  | 'quorum'
  | 'quorum storm'
  | 'quorum restarts'
  | 'calm'
  | 'fair'
  | 'deaths'
  | 'cuts'
  | 'pauses'
  | 'storm';

export const CLIMATES: Readonly<Record<ClimateName, Trial>> = {
  calm: { climate: CALM, promises: { idleMs: CHAIN_MS, isFaultless: true }, seeds: 300 },
  fair: {
    climate: { ...CALM, isFair: true },
    promises: { idleMs: CHAIN_MS, isFair: true, isFaultless: true },
    seeds: 300,
  },
  deaths: { climate: { ...CALM, killEveryMs: 1_500 }, promises: { idleMs: DEAD_HEADS_MS + 50 }, seeds: 300 },
  cuts: { climate: CUTS, promises: { idleMs: 3_000 }, seeds: 250 },
  pauses: { climate: PAUSES, promises: { idleMs: DEAD_HEADS_MS + STOPPED_MS }, seeds: 250 },
  quorum: { climate: QUORUM, promises: { idleMs: CHAIN_MS }, seeds: 60 },
  'quorum storm': { climate: QUORUM_STORM, promises: { idleMs: DEAD_HEADS_MS + STOPPED_MS }, seeds: 60 },
  'quorum restarts': { climate: QUORUM_RESTARTS, promises: {}, seeds: 60 },
  storm: { climate: STORM, promises: { idleMs: DEAD_HEADS_MS + STOPPED_MS }, seeds: 650 },
};
