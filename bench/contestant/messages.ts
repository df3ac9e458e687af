/** What the benchmark asks of a contestant's process. */
export interface Ask {
  readonly id: number;
  /** A part of the workload, or `close`. */
  readonly part: string;
  readonly order: unknown;
}

/** A word from one process of a crew to the others. */
export interface Word {
  readonly word: string;
}

/** What a contestant's process says; id 0 says that it is ready. */
export type Answer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly failure: string }
  | Word;
