import { mysqlStore } from 'nestjs-distributed-lock/mysql';
import type { Library } from '../library.js';
import { lockerOf, openOurs } from './ours.js';
import { openYardstick } from './mysql-yardstick.js';

export const library: Library = {
  name: 'ours, MariaDB',
  npmPackage: 'nestjs-distributed-lock',
  role: 'ours',
  ground: 'mysql',
  open: async ([url = '']) => lockerOf(await openOurs(mysqlStore({ url }))),
  openYardstick,
};
