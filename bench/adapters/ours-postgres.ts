import { postgresStore } from 'nestjs-distributed-lock/postgres';
import type { Library } from '../library.js';
import { lockerOf, openOurs } from './ours.js';
import { openYardstick } from './postgres-yardstick.js';

export const library: Library = {
  name: 'ours, PostgreSQL',
  npmPackage: 'nestjs-distributed-lock',
  role: 'ours',
  ground: 'postgres',
  open: async ([url = '']) => lockerOf(await openOurs(postgresStore({ url }))),
  openYardstick,
};
