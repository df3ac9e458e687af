import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** What the demo made and must not leave behind; undone last first, once, however the demo ends. */
export class CleanUp {
  private readonly steps: { readonly orderly: () => Promise<void>; readonly atOnce: () => void }[] = [];
  private running: Promise<void> | undefined;

  constructor() {
    // The last resort, where the process ends without its turn to wait.
    process.once('exit', () => this.atOnce());
  }

  addFolder(path: string): void {
    const remove = (): void => rmSync(path, { recursive: true, force: true, maxRetries: 3 });
    this.steps.push({ orderly: async () => remove(), atOnce: remove });
  }

  /** SIGTERM first; SIGKILL where it has not ended within `graceMs`. */
  addProcess(child: ChildProcess, graceMs: number): void {
    this.steps.push({
      orderly: () => endProcess(child, graceMs),
      atOnce: () => void child.kill('SIGKILL'),
    });
  }

  add(orderly: () => Promise<void>): void {
    this.steps.push({ orderly, atOnce: () => undefined });
  }

  run(): Promise<void> {
    this.running ??= this.undo();
    return this.running;
  }

  private async undo(): Promise<void> {
    for (let step = this.steps.at(-1); step !== undefined; step = this.steps.at(-1)) {
      await step.orderly().catch((error: unknown) => {
        process.stderr.write(`Cleaning up: ${String(error)}\n`);
      });
      this.steps.pop();
    }
  }

  private atOnce(): void {
    for (const step of this.steps.splice(0).reverse()) step.atOnce();
  }
}

async function endProcess(child: ChildProcess, graceMs: number): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const grace = new AbortController();
  const late = sleep(graceMs, 'late', { signal: grace.signal }).catch(() => 'in time');
  const outcome = await Promise.race([ended.then(() => 'in time'), late]);
  grace.abort();
  if (outcome === 'in time') return;
  child.kill('SIGKILL');
  await ended;
}

/** True for a process that ended, and for one that never began. */
export function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}
