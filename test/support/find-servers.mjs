/**
 * Finds the servers to test against, once for all workers: a jest `globalSetup`, run before any of them starts.
 *
 * What was found is handed to the workers in the environment; where something was not, so is the one line that says what
 * to install, and each suite that needs the server fails with it. A server that merely runs is never used.
 */
import { findMariadb } from './find-mariadb.mjs';
import { findPostgres } from './find-postgres.mjs';
import { findRedis } from './find-redis.mjs';
import { findZookeeper } from './find-zookeeper.mjs';

// oxlint-disable-next-line import/no-default-export -- jest calls the default export
export default function findServers() {
  findRedis();
  findPostgres();
  findMariadb();
  findZookeeper();
}
