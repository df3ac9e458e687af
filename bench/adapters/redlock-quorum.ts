import type { Library } from '../library.js';
import { openQuorumYardstick } from './quorum-yardstick.js';
import { openRedlock } from './redlock-of.js';

/**
 * It keeps the servers that an attempt won until its last attempt is over (`acquire` in its source releases only then),
 * so that contenders who split the votes may all wait in vain.
 */
export const library: Library = {
  name: 'redlock, quorum',
  npmPackage: 'redlock',
  role: 'peer',
  ground: 'redis-quorum',
  open: (urls) => openRedlock('redlock', 'default', urls),
  openYardstick: openQuorumYardstick,
};
