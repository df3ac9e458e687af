import type { Library } from '../library.js';
import { openRedlock } from './redlock-of.js';
import { openYardstick } from './yardstick.js';

export const library: Library = {
  name: '@sesamecare-oss/redlock',
  npmPackage: '@sesamecare-oss/redlock',
  role: 'peer',
  ground: 'redis',
  open: (urls) => openRedlock('@sesamecare-oss/redlock', 'Redlock', urls),
  openYardstick,
};
