import type { Ground, ServerWork } from '../grounds/ground.js';
import type { Workload } from '../workloads/workload.js';
import { ContestantProcess } from './contestant-process.js';

interface Casting {
  /** Of the library. */
  readonly file: string;
  readonly workload: Workload;
  readonly ground: Ground;
}

/** One library in one workload: its processes, and the servers that they use. */
export class Crew {
  private constructor(
    /** Of the lock that is measured; no other library, workload or run uses it. */
    readonly key: string,
    private readonly ground: Ground,
    readonly processes: readonly ContestantProcess[],
  ) {}

  static async start({ file, workload, ground }: Casting): Promise<Crew> {
    const cast = { file, workload: workload.name, urls: ground.urls };
    const starts = Array.from({ length: workload.processes }, () => ContestantProcess.start(cast));
    return new Crew(`bench:${workload.name}:${file}`, ground, await Promise.all(starts));
  }

  /** What the servers do during `work`. */
  count(work: () => Promise<unknown>): Promise<ServerWork | undefined> {
    return this.ground.count(this.key, async () => void (await work()));
  }

  /** A turn before the first that counts. */
  learn(work: () => Promise<unknown>): Promise<void> {
    return this.ground.learn(this.key, async () => void (await work()));
  }

  async close(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.close()));
  }
}
