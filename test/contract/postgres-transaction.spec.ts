import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { postgresStore } from '../../lib/stores/postgres/index.js';
import { describeLockStore } from '../../lib/testing/index.js';
import { PostgresServer } from '../support/postgres-server.js';

/** On the server that POSTGRES_URL names, else on one of its own. */
let server: PostgresServer | undefined;
const url = (): string => process.env['POSTGRES_URL'] ?? server!.url;

beforeAll(async () => {
  if (process.env['POSTGRES_URL'] === undefined) {
    server = await PostgresServer.start({ settings: { max_connections: '300' } });
  }
});
afterAll(async () => {
  await server?.stop();
});

const capabilities = {
  shared: false,
  permits: false,
  leases: true,
  fairOrder: false,
  wakeUp: 'message',
} as const;
const close = async (): Promise<void> => undefined;
const open = async () => postgresStore({ url: url(), strategy: 'transaction' });

describeLockStore('postgres, by transactions', { open, close, capabilities }, { describe, it });
