import type { Library } from '../library.js';
import { openRedlock } from './redlock-of.js';
import { openYardstick } from './yardstick.js';

export const library: Library = {
  name: 'redlock',
  npmPackage: 'redlock',
  role: 'peer',
  ground: 'redis',
  open: (urls) => openRedlock('redlock', 'default', urls),
  openYardstick,
};
