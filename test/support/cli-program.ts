import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { reap } from './reaper.js';

/** What a run of the program came to. */
export interface CliResult {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** A run that goes on. */
export interface CliRun {
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly ended: Promise<CliResult>;
}

/** The bin of the package as it is published, in a folder of its own: `dist` may be in use. */
export class CliProgram {
  private constructor(private readonly folder: string) {}

  static build(): CliProgram {
    const folder = mkdtempSync(join(tmpdir(), 'lock-test-cli-'));
    const args = [
      '-p',
      'tsconfig.build.json',
      '--outDir',
      join(folder, 'dist/esm'),
      '--declaration',
      'false',
    ];
    execFileSync('node_modules/.bin/tsc', [...args, '--declarationMap', 'false'], { stdio: 'inherit' });
    for (const part of ['bin', 'package.json']) cpSync(part, join(folder, part), { recursive: true });
    symlinkSync(resolve('node_modules'), join(folder, 'node_modules'), 'dir');
    return new CliProgram(folder);
  }

  get path(): string {
    return join(this.folder, 'bin/nestjs-distributed-lock.js');
  }

  /** Without a terminal: its input is at its end. */
  run(...args: readonly string[]): Promise<CliResult> {
    return this.start(...args).ended;
  }

  start(...args: readonly string[]): CliRun {
    return this.spawned(process.execPath, [this.path, ...args], 'ignore');
  }

  /** At a terminal of its own, at which nothing is typed but what is written to its input. */
  startAtTerminal(...args: readonly string[]): CliRun {
    const words = [process.execPath, this.path, ...args].map((one) => `'${one}'`);
    return this.spawned('script', ['-qefc', `exec ${words.join(' ')}`, '/dev/null'], 'pipe');
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private spawned(command: string, args: readonly string[], input: 'ignore' | 'pipe'): CliRun {
    const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], TERM: 'dumb' };
    const child = spawn(command, [...args], { env, stdio: [input, 'pipe', 'pipe'] });
    const reaper = reap(child);
    let out = '';
    let err = '';
    child.stdout!.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (err += text));
    const ended = once(child, 'close').then(([status]) => {
      reaper.dismiss();
      return { status: status as number | null, out, err };
    });
    return { child, out: () => out, ended };
  }
}
