/** What contestants run on: one server, three, or nothing but the process. */
export type GroundName = 'memory' | 'redis' | 'redis-quorum' | 'postgres' | 'mysql' | 'zookeeper';

/** Where its servers are; none for `memory`. */
export type Urls = readonly string[];

/** What the servers did meanwhile, from their own statistics. */
export interface ServerWork {
  /** Commands that clients sent. */
  readonly sent: number;
  /** Commands that ran inside scripts. */
  readonly inner: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Processor time of the servers. */
  readonly cpuMs: number;
}

/** Servers started for one run of the benchmark. */
export interface Ground {
  /** Name and version, for the report. */
  readonly title: string;
  readonly urls: Urls;
  /**
   * What the servers do during `work`, which nobody else uses meanwhile; undefined where they do not tell.
   * @param who whose work it is
   */
  count(who: string, work: () => Promise<void>): Promise<ServerWork | undefined>;
  /** A turn that is not measured, before the first of `who` that is. */
  learn(who: string, work: () => Promise<void>): Promise<void>;
  /** How much is stored. */
  keys?(): Promise<number>;
  stop(): Promise<void>;
}
