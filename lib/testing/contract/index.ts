import { type ContractCase } from './contract-case.js';
import { ending } from './ending.js';
import { fairness } from './fairness.js';
import { fencing } from './fencing.js';
import { lease } from './lease.js';
import { theLine } from './line.js';
import { listing } from './listing.js';
import { loss } from './loss.js';
import { mutualExclusion } from './mutual-exclusion.js';
import { reEntry } from './re-entry.js';
import { semaphore } from './semaphore.js';
import { severalKeys } from './several-keys.js';
import { shared } from './shared.js';
import { verbs } from './verbs.js';
import { waiting } from './waiting.js';
import { watchdog } from './watchdog.js';

/** The cases by chapter. */
export const chapters: Readonly<Record<string, readonly ContractCase[]>> = {
  'the port': verbs,
  listing,
  'the line': theLine,
  'mutual exclusion': mutualExclusion,
  waiting,
  lease,
  watchdog,
  loss,
  fairness,
  're-entry': reEntry,
  'shared and exclusive': shared,
  semaphore,
  'several keys': severalKeys,
  fencing,
  ending,
};

/**
 * What every store promises, as data: each case works with real time where the server's clock is concerned, and is held
 * against the order of events, not against the clock on the wall.
 */
export const lockStoreContract: readonly ContractCase[] = Object.values(chapters).flat();
