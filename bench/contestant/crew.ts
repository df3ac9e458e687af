import type { Ground, ServerWork } from '../grounds/ground.js';
import type { Workload } from '../workloads/workload.js';
import { ContestantProcess } from './contestant-process.js';

interface Casting {
  /** Of the library. */
  readonly file: string;
  readonly workload: Workload;
  readonly ground: Ground;
  readonly waitMs: number;
  readonly isQuick: boolean;
}

/** One library in one workload: its processes, and the servers that they use. */
export class Crew {
  private constructor(
    /** Of the lock that is measured; no other library, workload or run uses it. */
    readonly key: string,
    private readonly ground: Ground,
    readonly processes: readonly ContestantProcess[],
  ) {}

  static async start({ file, workload, ground, waitMs, isQuick }: Casting): Promise<Crew> {
    const cast = { file, workload: workload.name, urls: ground.urls, waitMs };
    const count = isQuick ? Math.min(workload.processes, 2) : workload.processes;
    const starts = Array.from({ length: count }, () => ContestantProcess.start(cast));
    const processes = await Promise.all(starts);
    for (const one of processes) {
      const others = processes.filter((other) => other !== one);
      one.onWord = (word) => others.forEach((other) => other.say(word));
    }
    return new Crew(`bench:${workload.name}:${file}`, ground, processes);
  }

  /** What the servers do during `work`. */
  count(work: () => Promise<unknown>): Promise<ServerWork | undefined> {
    return this.ground.count(this.key, async () => void (await work()));
  }

  /** How much is stored on the servers; NaN where they do not tell. */
  async keys(): Promise<number> {
    return (await this.ground.keys?.()) ?? NaN;
  }

  /** A turn before the first that counts. */
  learn(work: () => Promise<unknown>): Promise<void> {
    return this.ground.learn(this.key, async () => void (await work()));
  }

  async close(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.close()));
  }
}
