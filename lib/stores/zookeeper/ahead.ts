import type { NodeWatches } from './node-watches.js';

/**
 * The nodes for which a waiter waits.
 *
 *   nobody ──watch()──► quiet ──one of them changed, went, or cannot be watched──► nobody, told
 *   quiet ──clear()──► nobody
 */
export class Ahead {
  private paths: readonly string[] = [];

  constructor(
    private readonly watches: NodeWatches,
    private readonly onChange: () => void,
  ) {}

  /** True while all of them stand as they did, as far as this session was told. */
  get isQuiet(): boolean {
    return this.paths.length > 0;
  }

  watch(paths: readonly string[]): void {
    this.clear();
    this.paths = paths;
    // What becomes of it is told to the listener.
    for (const path of paths) void this.watches.listen(path, this.listener);
  }

  clear(): void {
    for (const path of this.paths) this.watches.leave(path, this.listener);
    this.paths = [];
  }

  private readonly listener = (): void => {
    this.clear();
    this.onChange();
  };
}
