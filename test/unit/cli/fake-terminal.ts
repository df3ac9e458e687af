import type { Terminal } from '../../../lib/cli/terminal.js';

/** A terminal that remembers what was printed, and answers what it was told to. */
export class FakeTerminal implements Terminal {
  readonly asked: string[] = [];
  readonly ctrlC = new AbortController();
  isScreen = false;
  canAsk = false;
  printed = '';
  told = '';
  /** What is typed, and what happens meanwhile. */
  onAsk: () => string | Promise<string> = () => '';

  out = (text: string): void => void (this.printed += text);
  err = (text: string): void => void (this.told += text);

  get interrupted(): AbortSignal {
    return this.ctrlC.signal;
  }

  async ask(question: string): Promise<string> {
    this.asked.push(question);
    return this.onAsk();
  }
}
