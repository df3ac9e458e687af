/**
 * Finds a PostgreSQL server to test against: the folder of binaries named in POSTGRES_BIN, an installed one, one that
 * apt-get installs (as root on Debian).
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { installByApt } from './install-by-apt.mjs';

/** Where Debian keeps a folder for each version, with the programs that stand in no PATH. */
const VERSIONS = '/usr/lib/postgresql';

/** Hands what was found to the workers, or the line that says what to install. */
export function findPostgres() {
  const found = named() ?? installed() ?? (installByApt('postgresql') ? installed() : undefined);
  if (found) Object.assign(process.env, found, findPooler());
  else {
    process.env.TEST_POSTGRES_MISSING =
      'No PostgreSQL server to test against: install postgresql (15 or later), or name its folder of binaries in POSTGRES_BIN.';
  }
}

/** The pooler that stands before it in some tests. */
function findPooler() {
  const program = '/usr/sbin/pgbouncer';
  const isThere = existsSync(program) || (installByApt('pgbouncer') && existsSync(program));
  return isThere ? { TEST_PGBOUNCER_BINARY: program } : {};
}

function named() {
  const folder = process.env.POSTGRES_BIN;
  if (!folder) return undefined;
  return isComplete(folder)
    ? { TEST_POSTGRES_BIN: folder }
    : {
        TEST_POSTGRES_MISSING: `POSTGRES_BIN is ${folder}, which has no initdb and postgres that run: name a folder that does.`,
      };
}

function installed() {
  const versions = existsSync(VERSIONS) ? readdirSync(VERSIONS) : [];
  const folders = versions.sort((a, b) => Number(b) - Number(a)).map((one) => join(VERSIONS, one, 'bin'));
  const folder = [...folders, '/usr/bin', '/usr/local/bin', '/usr/local/pgsql/bin'].find(isComplete);
  return folder ? { TEST_POSTGRES_BIN: folder } : undefined;
}

function isComplete(folder) {
  return ['initdb', 'postgres'].every(
    (program) => spawnSync(join(folder, program), ['--version'], { stdio: 'ignore' }).status === 0,
  );
}
