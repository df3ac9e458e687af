import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ended, reap, type Reaper } from '../../test/support/reaper.js';
import type { Answer } from './messages.js';

const MAIN = fileURLToPath(new URL('process-main.js', import.meta.url));
/** For a library to close its connections. */
const GRACE_MS = 3_000;
/** Of what it wrote, in characters. */
const LAST_LINES = 2_000;

interface Asked {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** What a contestant's process is started with. */
export interface Cast {
  readonly file: string;
  readonly workload: string;
  readonly urls: readonly string[];
  readonly waitMs: number;
}

/** A process that runs one library; it waits until it is asked. */
export class ContestantProcess {
  private readonly asked = new Map<number, Asked>();
  private readonly reaper: Reaper;
  private lastId = 0;
  private lastLines = '';
  /** Hears what is said to the other processes of the crew. */
  onWord: (word: string) => void = () => undefined;

  private constructor(private readonly child: ChildProcess) {
    this.reaper = reap(child);
    child.on('message', (answer: Answer) => this.hear(answer));
    child.on('exit', () => this.gone());
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.lastLines = (this.lastLines + text).slice(-LAST_LINES);
    });
  }

  static async start({ file, workload, urls, waitMs }: Cast): Promise<ContestantProcess> {
    const child = fork(MAIN, [file, workload, String(waitMs), ...urls], {
      // Some peers warn in a loop; what that costs is theirs, but nobody can read it.
      execArgv: ['--expose-gc', '--no-warnings'],
      serialization: 'advanced',
      // What libraries write when their connections go is nobody's concern; what ends a process is.
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const process = new ContestantProcess(child);
    try {
      await process.answer(0);
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
    return process;
  }

  /** Runs a part of the workload there; resolves with its result. */
  play<T>(part: string, order: object = {}): Promise<T> {
    const id = ++this.lastId;
    const answer = this.answer(id);
    this.child.send({ id, part, order });
    return answer as Promise<T>;
  }

  say(word: string): void {
    this.child.send({ word });
  }

  get pid(): number {
    return this.child.pid!;
  }

  async close(): Promise<void> {
    const timer = setTimeout(() => this.child.kill('SIGKILL'), GRACE_MS);
    await this.play('close').catch(() => undefined);
    await ended(this.child);
    clearTimeout(timer);
  }

  private answer(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => this.asked.set(id, { resolve, reject }));
  }

  private hear(answer: Answer): void {
    if ('word' in answer) return this.onWord(answer.word);
    const asked = this.asked.get(answer.id);
    this.asked.delete(answer.id);
    if ('failure' in answer) asked?.reject(new Error(answer.failure));
    else asked?.resolve(answer.result);
  }

  private gone(): void {
    this.reaper.dismiss();
    const error = new Error(`the contestant's process has ended: ${this.lastLines}`);
    for (const { reject } of this.asked.values()) reject(error);
    this.asked.clear();
  }
}
