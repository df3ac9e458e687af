import type { WatchEvent, ZooKeeperClient } from './client/index.js';

/** `gone`: it was removed, or never was. `changed`: its data. `unknown`: the question itself failed. */
export type Change = 'gone' | 'changed' | 'unknown';

/** Called once at most. */
export type Listener = (change: Change) => void;

interface Entry {
  readonly listeners: Set<Listener>;
  /** Resolves when the server watches, or it turned out that there is nothing to watch. */
  readonly armed: Promise<void>;
}

/**
 * The watches of one session on nodes of requests: one for each node, whoever listens here.
 *
 *   (none) ──listen──► asked ──answered──► watched ──it changed or went──► told, (none)
 *   asked ──no such node, failed──► told, (none)
 *   watched ──last listener leaves──► watched, by nobody: it costs nothing more, and goes with its node
 *
 * Nodes are asked for by their data: asking whether one exists would leave a watch on the name of one that is gone.
 */
export class NodeWatches {
  private entries = new Map<string, Entry>();

  constructor(private readonly client: ZooKeeperClient) {}

  /** Resolves when the node is watched, or the listener was told; never rejects. */
  listen(path: string, listener: Listener): Promise<void> {
    const entry = this.entries.get(path);
    if (entry) {
      entry.listeners.add(listener);
      return entry.armed;
    }
    const listeners = new Set([listener]);
    const armed = this.ask(path, listeners);
    this.entries.set(path, { listeners, armed });
    return armed;
  }

  leave(path: string, listener: Listener): void {
    this.entries.get(path)?.listeners.delete(listener);
  }

  /** The session is over, and its watches with it. */
  clear(): void {
    this.entries.clear();
  }

  private async ask(path: string, listeners: ReadonlySet<Listener>): Promise<void> {
    const tell = (change: Change): void => {
      // Of an earlier session there may be another entry of that name by now.
      if (this.entries.get(path)?.listeners === listeners) this.entries.delete(path);
      for (const listener of listeners) listener(change);
    };
    try {
      await this.client.data(path, ({ kind }: WatchEvent) => tell(kind === 'deleted' ? 'gone' : 'changed'));
    } catch (error) {
      tell(isMissing(error) ? 'gone' : 'unknown');
    }
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'NO_NODE';
}
