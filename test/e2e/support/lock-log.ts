import { subscribe, unsubscribe } from 'node:diagnostics_channel';

interface LockMessage {
  readonly keys: readonly string[];
  readonly template?: string;
  readonly end?: string;
}

/** What happened to locks in this process, in order, as the package publishes it. Re-entry is no event: nothing is asked. */
export class LockLog {
  readonly entries: string[] = [];
  readonly templates: (string | undefined)[] = [];
  private readonly listeners = new Map<string, (message: unknown) => void>();

  constructor() {
    for (const kind of ['granted', 'ended', 'refused']) {
      const channel = `nestjs-distributed-lock:${kind}`;
      const listener = (message: unknown): void => this.note(kind, message as LockMessage);
      this.listeners.set(channel, listener);
      subscribe(channel, listener);
    }
  }

  /** Notes something of the test's own among the events. */
  note(kind: string, { keys, template, end }: LockMessage = { keys: [] }): void {
    this.entries.push([end ?? kind, ...keys].join(' '));
    if (kind === 'granted') this.templates.push(template);
  }

  count(entry: string): number {
    return this.entries.filter((each) => each === entry).length;
  }

  clear(): void {
    this.entries.length = 0;
    this.templates.length = 0;
  }

  stop(): void {
    for (const [channel, listener] of this.listeners) unsubscribe(channel, listener);
  }
}
