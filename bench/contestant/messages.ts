/** What the benchmark asks of a contestant's process. */
export interface Ask {
  readonly id: number;
  /** A part of the workload, or `close`. */
  readonly part: string;
  readonly order: unknown;
}

/** What it answers; id 0 says that it is ready. */
export type Answer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly failure: string };
