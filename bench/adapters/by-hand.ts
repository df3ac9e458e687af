import type { Library } from '../library.js';
import { openYardstick } from './yardstick.js';

/** The yardstick held against itself: how far from 1 it comes out is the error of the measurement. */
export const library: Library = {
  name: 'by hand',
  role: 'limit',
  ground: 'redis',
  open: openYardstick,
  openYardstick,
};
