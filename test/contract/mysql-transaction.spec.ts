import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { mysqlStore } from '../../lib/stores/mysql/index.js';
import { describeLockStore } from '../../lib/testing/index.js';
import { MariadbServer } from '../support/mariadb-server.js';

/** On the server that MYSQL_URL names, else on one of its own. */
let server: MariadbServer | undefined;
const url = (): string => process.env['MYSQL_URL'] ?? server!.url;

beforeAll(async () => {
  if (process.env['MYSQL_URL'] === undefined) {
    server = await MariadbServer.start({ settings: { 'max-connections': '500' } });
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
const open = async () => mysqlStore({ url: url(), strategy: 'transaction' });

describeLockStore('mysql, by transactions', { open, close, capabilities }, { describe, it });
