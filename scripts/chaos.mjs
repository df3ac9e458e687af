/** Runs a campaign of faults: finds the servers, compiles the program, and hands it the arguments. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import findServers from '../test/support/find-servers.mjs';

findServers();
const folder = mkdtempSync(join(tmpdir(), 'lock-chaos-program-'));
const { status } = spawnSync(process.execPath, ['scripts/compile-clients.mjs', folder], { stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);
const main = join(folder, 'test/chaos/main.js');
const campaign = spawn(process.execPath, [main, '--program', folder, ...process.argv.slice(2)], {
  stdio: 'inherit',
});
// The terminal has told it too: it ends by itself.
process.on('SIGINT', () => undefined);
campaign.on('exit', (code, signal) => {
  rmSync(folder, { recursive: true, force: true });
  process.exit(code ?? (signal ? 1 : 0));
});
