import { describe, it } from '@jest/globals';
import { describeLockStore } from 'nestjs-distributed-lock/testing';
import { Shelf, SHELF_CAPABILITIES, shelfStore } from './shelf-store.js';

const startedUs = Date.now() * 1_000;
const shelf = new Shelf(() => Math.floor(startedUs + performance.now() * 1_000));

const shelves = {
  // A new client of the same back end; here every one is of this process.
  open: async () => shelfStore(shelf),
  close: async () => undefined,
  capabilities: SHELF_CAPABILITIES,
};

describeLockStore('a store of one’s own', shelves, { describe, it });
