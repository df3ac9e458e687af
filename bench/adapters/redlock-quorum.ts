import type { Library } from '../library.js';
import { openQuorumYardstick } from './quorum-yardstick.js';
import { openRedlock } from './redlock-of.js';

export const library: Library = {
  name: 'redlock, quorum',
  npmPackage: 'redlock',
  role: 'peer',
  ground: 'redis-quorum',
  open: (urls) => openRedlock('redlock', 'default', urls),
  openYardstick: openQuorumYardstick,
};
