/** What a command has of the terminal, or of whatever stands in its place. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** True where somebody sees what is printed, and it may be painted over. */
  readonly isScreen: boolean;
  /** True where somebody can be asked. */
  readonly canAsk: boolean;
  /** What was typed; empty where it was nothing, or Ctrl-C. */
  ask(question: string): Promise<string>;
  /** Aborts at Ctrl-C. */
  readonly interrupted: AbortSignal;
}
