import { describe, it } from '@jest/globals';
import { describeLockStore } from '../../lib/testing/index.js';
import { memoryStore } from '../../lib/stores/memory/index.js';

const store = memoryStore();

// One process: every client is a session of the same store.
describeLockStore('memory', { open: async () => store, close: async () => undefined }, { describe, it });
