/**
 * Finds a MariaDB server to test against: the folder of binaries named in MARIADB_BIN, an installed one, one that
 * apt-get installs (as root on Debian).
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { installByApt } from './install-by-apt.mjs';

/** Each program stands in one of these. */
const FOLDERS = ['/usr/sbin', '/usr/bin', '/usr/libexec', '/usr/local/sbin', '/usr/local/bin'];

/** Hands what was found to the workers, or the line that says what to install. */
export function findMariadb() {
  const found = named() ?? installed() ?? (installByApt('mariadb-server') ? installed() : undefined);
  if (found) Object.assign(process.env, found);
  else {
    process.env.TEST_MARIADB_MISSING =
      'No MariaDB server to test against: install mariadb-server (10.11 or later), or name its folder of binaries in MARIADB_BIN.';
  }
}

function named() {
  const folder = process.env.MARIADB_BIN;
  if (!folder) return undefined;
  return (
    among([folder]) ?? {
      TEST_MARIADB_MISSING: `MARIADB_BIN is ${folder}, which has no mariadbd and mariadb-install-db that run: name a folder that does.`,
    }
  );
}

function installed() {
  return among(FOLDERS);
}

function among(folders) {
  const find = (program) => folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
  const [server, install] = [find('mariadbd'), find('mariadb-install-db')];
  if (!server || !install) return undefined;
  const runs = spawnSync(server, ['--no-defaults', '--version'], { stdio: 'ignore' }).status === 0;
  return runs ? { TEST_MARIADB_SERVER: server, TEST_MARIADB_INSTALL: install } : undefined;
}
