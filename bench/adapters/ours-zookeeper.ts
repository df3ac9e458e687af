import { zookeeperStore } from 'nestjs-distributed-lock/zookeeper';
import type { Library } from '../library.js';
import { lockerOf, openOurs } from './ours.js';
import { openYardstick } from './zookeeper-yardstick.js';

export const library: Library = {
  name: 'ours, ZooKeeper',
  npmPackage: 'nestjs-distributed-lock',
  role: 'ours',
  ground: 'zookeeper',
  open: async ([url = '']) => lockerOf(await openOurs(zookeeperStore({ connect: new URL(url).host }))),
  openYardstick,
};
