import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/**
 * Installs a package with apt-get where the tests run as root on Debian; false where they do not, or it failed. The
 * package may start a service on the default port: it is left alone and not used.
 */
export function installByApt(name) {
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) return false;
  const options = {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  };
  console.error(`${name} is not installed: installing it with apt-get, once.`);
  try {
    execFileSync('apt-get', ['update', '-qq'], options);
    execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', name], options);
    return true;
  } catch {
    return false;
  }
}
