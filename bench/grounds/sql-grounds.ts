import { MariadbServer } from '../../test/support/mariadb-server.js';
import { PostgresServer } from '../../test/support/postgres-server.js';
import type { Ground } from './ground.js';

/** Both write to disk before they answer: their default, which the tests' servers do without. */
const POSTGRES = { settings: { fsync: 'on' } };
const MARIADB = { settings: { 'innodb-flush-log-at-trx-commit': '1' } };

export async function startPostgres(): Promise<Ground> {
  const server = await PostgresServer.start(POSTGRES);
  const [version] = await server.column('SHOW server_version');
  return groundOf(`PostgreSQL ${firstWord(version)}, fsync on`, server);
}

export async function startMariadb(): Promise<Ground> {
  const server = await MariadbServer.start(MARIADB);
  const [version] = await server.column('SELECT version()');
  return groundOf(`MariaDB ${firstWord(version)}, innodb_flush_log_at_trx_commit = 1`, server);
}

const firstWord = (text: unknown): string => String(text).split(/[\s-]/, 1)[0]!;

/** What is sent is counted by the tests; here the server's own counts come too late to split a turn. */
function groundOf(title: string, server: { readonly url: string; stop(): Promise<void> }): Ground {
  return {
    title,
    urls: [server.url],
    async count(_who, work) {
      await work();
      return undefined;
    },
    learn: (_who, work) => work(),
    stop: () => server.stop(),
  };
}
