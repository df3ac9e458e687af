import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';

const ROOT = resolve(import.meta.dirname, '../..');

/** The sample as `nest build` makes it, in a folder of its own: `dist-sample` may be in use. */
export interface SampleBuild {
  readonly folder: string;
  /** Runs `main.js` or `demo.js` with nothing of the test's environment but PATH and HOME. */
  run(script: 'main' | 'demo', args?: readonly string[], env?: NodeJS.ProcessEnv): SampleRun;
  remove(): Promise<void>;
}

/** A process of the sample, its output collected. */
export interface SampleRun {
  readonly child: ChildProcessWithoutNullStreams;
  readonly out: () => string;
  readonly err: () => string;
  /** Resolves when it has ended and its output is read. */
  readonly ended: Promise<{ status: number | null; signal: NodeJS.Signals | null; out: string; err: string }>;
}

export async function buildSample(): Promise<SampleBuild> {
  const folder = await mkdtemp(join(tmpdir(), 'sample-build-'));
  const tsconfig = {
    extends: join(ROOT, 'sample-app/tsconfig.app.json'),
    compilerOptions: { rootDir: ROOT, outDir: join(folder, 'dist') },
    include: [join(ROOT, 'sample-app/src')],
  };
  const nestConfig = JSON.parse(await readFile(join(ROOT, 'nest-cli.json'), 'utf8')) as {
    compilerOptions: object;
  };
  nestConfig.compilerOptions = { ...nestConfig.compilerOptions, allowOutsidePaths: true };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig));
  await writeFile(join(folder, 'nest-cli.json'), JSON.stringify(nestConfig));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const nest = join(ROOT, 'node_modules/@nestjs/cli/bin/nest.js');
  // nest-cli knows paths from its working folder only.
  const path = relative(ROOT, folder);
  const args = ['build', 'sample-app', '-c', join(path, 'nest-cli.json'), '-p', join(path, 'tsconfig.json')];
  await promisify(execFile)(process.execPath, [nest, ...args], { cwd: ROOT });
  return {
    folder,
    run: (script, args = [], env = {}) =>
      start([join(folder, `dist/sample-app/src/${script}.js`), ...args], {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        ...env,
      }),
    remove: () => rm(folder, { recursive: true }),
  };
}

function start(args: readonly string[], env: NodeJS.ProcessEnv): SampleRun {
  const child = spawn(process.execPath, args, { env });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const ended = once(child, 'close').then(([status, signal]) => ({
    status: status as number | null,
    signal: signal as NodeJS.Signals | null,
    out,
    err,
  }));
  return { child, out: () => out, err: () => err, ended };
}
