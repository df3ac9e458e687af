import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { SettingsError } from '../settings.js';
import type { CleanUp } from './clean-up.js';

/** Another process may take the port between our look and the server's start. */
const ATTEMPTS = 5;
/** Valkey is a Redis by another name. */
const BINARIES = ['redis-server', 'valkey-server'];

/**
 * Starts the machine's own redis-server on a free port of this machine, with nothing on disk but a folder of ours.
 * @returns its lock URL
 * @throws SettingsError where there is none: what to install
 */
export async function startRedis(folder: string, cleanUp: CleanUp): Promise<string> {
  const dir = join(folder, 'redis');
  await mkdir(dir);
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const port = await freePort();
    const server = await launch(port, dir);
    cleanUp.addProcess(server, 3_000);
    if (await isReady(server)) return `redis://127.0.0.1:${port}`;
  }
  throw new SettingsError('redis-server does not start on this machine. Set LOCK_URL=redis://host:6379.');
}

async function launch(port: number, dir: string): Promise<ChildProcess> {
  const options = { port, bind: '127.0.0.1', dir, save: '', appendonly: 'no', loglevel: 'notice' };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  for (const binary of BINARIES) {
    // A group of its own: Ctrl-C is for the demo, which ends the instances before their lock server.
    const server = spawn(binary, args, { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
    const hasBegun = await once(server, 'spawn').then(
      () => true,
      () => false,
    );
    if (hasBegun) return server;
  }
  throw new SettingsError(adviceToInstall());
}

// Its own word, not a connection: on that port another server might answer.
async function isReady(server: ChildProcess): Promise<boolean> {
  if (server.stdout === null) return false;
  for await (const line of createInterface({ input: server.stdout })) {
    if (!line.includes('Ready to accept connections')) continue;
    server.stdout.resume();
    return true;
  }
  return false;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

function adviceToInstall(): string {
  const asRoot = process.getuid?.() === 0 ? '' : 'sudo ';
  const how = existsSync('/etc/debian_version')
    ? `Install it with: ${asRoot}apt-get update && ${asRoot}apt-get install -y redis-server`
    : 'Install Redis 6.2 or later';
  return `The demo needs a lock server and found no redis-server. ${how}, or set LOCK_URL=redis://host:6379.`;
}
