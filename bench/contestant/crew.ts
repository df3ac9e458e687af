import type { Ground, ServerWork } from '../grounds/ground.js';
import type { Library } from '../library.js';
import type { Workload } from '../workloads/workload.js';
import { ContestantProcess } from './contestant-process.js';

interface Casting {
  /** Of the library. */
  readonly file: string;
  readonly library: Library;
  readonly workload: Workload;
  readonly ground: Ground;
  readonly waitMs: number;
  readonly isQuick: boolean;
}

/** One library in one workload: its processes, and the servers that they use. */
export class Crew {
  private constructor(
    private readonly casting: Casting,
    readonly processes: readonly ContestantProcess[],
  ) {}

  static async start(casting: Casting): Promise<Crew> {
    const { file, workload, ground, waitMs, isQuick } = casting;
    const cast = { file, workload: workload.name, urls: ground.urls, waitMs };
    const count = isQuick ? Math.min(workload.processes, 2) : workload.processes;
    const starts = Array.from({ length: count }, () => ContestantProcess.start(cast));
    const processes = await Promise.all(starts);
    for (const one of processes) {
      const others = processes.filter((other) => other !== one);
      one.onWord = (word) => others.forEach((other) => other.say(word));
    }
    return new Crew(casting, processes);
  }

  get library(): Library {
    return this.casting.library;
  }

  /** Of the lock that is measured; no other library, workload or run uses it. */
  get key(): string {
    return `bench:${this.casting.workload.name}:${this.casting.file}`;
  }

  /** What the servers do during `work`. */
  count(work: () => Promise<unknown>): Promise<ServerWork | undefined> {
    return this.casting.ground.count(this.key, async () => void (await work()));
  }

  /** How much is stored on the servers; NaN where they do not tell. */
  async keys(): Promise<number> {
    return (await this.casting.ground.keys?.()) ?? NaN;
  }

  /** A turn before the first that counts. */
  learn(work: () => Promise<unknown>): Promise<void> {
    return this.casting.ground.learn(this.key, async () => void (await work()));
  }

  async close(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.close()));
  }
}
