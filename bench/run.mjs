/**
 * The benchmark with one command: `npm run bench`, from a clone with `npm ci` behind it.
 *
 * Builds the library, installs it with its peers into `bench/node_modules` as a user would, compiles the benchmark,
 * finds the servers, and hands over to `main.ts` with the same arguments. `--report [file]` writes the result of a run
 * into the README instead.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const STAMP = join(here, 'node_modules', '.installed-lock.json');
const OURS = join(here, 'node_modules', 'nestjs-distributed-lock');

function npmInstall() {
  const lock = readFileSync(join(here, 'package-lock.json'), 'utf8');
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === lock) return copyOurs();
  const options = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  execFileSync('npm', options, { cwd: here, stdio: 'inherit' });
  writeFileSync(STAMP, lock);
}

/** What `npm ci` would install again, ten seconds faster. */
function copyOurs() {
  for (const name of ['dist', 'package.json']) {
    rmSync(join(OURS, name), { recursive: true, force: true });
    cpSync(join(root, name), join(OURS, name), { recursive: true });
  }
}

function compile() {
  const compiler = createRequire(import.meta.url).resolve('@typescript/native/package.json');
  rmSync(join(here, 'build'), { recursive: true, force: true });
  execFileSync(process.execPath, [join(dirname(compiler), 'bin', 'tsc'), '-p', here], {
    cwd: root,
    stdio: 'inherit',
  });
}

try {
  execFileSync(process.execPath, [join(root, 'scripts', 'build.mjs')], { stdio: 'inherit' });
  npmInstall();
  compile();
} catch (error) {
  if (!(error instanceof Error && 'status' in error)) throw error;
  process.exit(1);
}
const args = process.argv.slice(2);
if (args[0] === '--report') {
  const { writeReport } = await import('./build/bench/report/report.js');
  writeReport(args[1] ?? join(here, 'results.json'), here);
  process.exit();
}
const { default: findServers } = await import('../test/support/find-servers.mjs');
findServers();
const { findCurator } = await import('./curator/find-curator.mjs');
findCurator({ mayInstall: !args.includes('--quick') });
const { main } = await import('./build/bench/main.js');
process.exitCode = await main(args);
