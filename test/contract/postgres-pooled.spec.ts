import { afterAll, beforeAll, describe, it } from '@jest/globals';
import type { LockStore } from '../../lib/line/store.js';
import { postgresStore } from '../../lib/stores/postgres/index.js';
import { describeLockStore } from '../../lib/testing/index.js';
import { Pgbouncer } from '../support/pgbouncer.js';
import { openSession } from '../support/open-session.js';
import { PostgresServer } from '../support/postgres-server.js';

/** Behind a pooler of transactions, where LISTEN is answered and nothing is heard. */
let server: PostgresServer;
let pooler: Pgbouncer;
let store: LockStore;

beforeAll(async () => {
  server = await PostgresServer.start();
  pooler = await Pgbouncer.start(server.port);
  store = postgresStore({ url: pooler.url });
  await (await openSession(store)).close();
});
afterAll(async () => {
  await pooler.stop();
  await server.stop();
});

const capabilities = { shared: true, permits: true, leases: true, fairOrder: true, wakeUp: 'poll' } as const;
const close = async (): Promise<void> => undefined;

describeLockStore(
  'postgres, behind a pooler of transactions',
  { open: async () => store, close, capabilities },
  { describe, it },
);
