import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ended, reap, type Reaper } from '../../test/support/reaper.js';
import type { Answer } from './messages.js';

const MAIN = fileURLToPath(new URL('process-main.js', import.meta.url));
/** After its last word a library may need a moment to go; one that stays is ended. */
const GRACE_MS = 3_000;

interface Asked {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** What a contestant's process is started with. */
export interface Cast {
  readonly file: string;
  readonly workload: string;
  readonly urls: readonly string[];
}

/** A process that runs one library; it waits until it is asked. */
export class ContestantProcess {
  private readonly asked = new Map<number, Asked>();
  private readonly reaper: Reaper;
  private lastId = 0;

  private constructor(private readonly child: ChildProcess) {
    this.reaper = reap(child);
    child.on('message', (answer: Answer) => this.hear(answer));
    child.on('exit', () => this.gone());
  }

  static async start({ file, workload, urls }: Cast): Promise<ContestantProcess> {
    const child = fork(MAIN, [file, workload, ...urls], {
      execArgv: ['--expose-gc'],
      serialization: 'advanced',
    });
    const process = new ContestantProcess(child);
    await process.answer(0);
    return process;
  }

  /** Runs a part of the workload there; resolves with its result. */
  play<T>(part: string, order: object = {}): Promise<T> {
    const id = ++this.lastId;
    const answer = this.answer(id);
    this.child.send({ id, part, order });
    return answer as Promise<T>;
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
    const asked = this.asked.get(answer.id);
    this.asked.delete(answer.id);
    if ('failure' in answer) asked?.reject(new Error(answer.failure));
    else asked?.resolve(answer.result);
  }

  private gone(): void {
    this.reaper.dismiss();
    for (const { reject } of this.asked.values()) reject(new Error("the contestant's process has ended"));
    this.asked.clear();
  }
}
