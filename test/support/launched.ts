import type { ChildProcess } from 'node:child_process';
import { ended, type Reaper } from './reaper.js';

/** A server process under our hand, whether it runs here or in a container. */
export interface Launched {
  /** True where it has ended. */
  readonly hasEnded: boolean;
  /** SIGKILL: no word to clients, nothing written. Resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGSTOP, SIGCONT. */
  pause(): void;
  resume(): void;
}

/** How a child ends: by itself, or by `end`. */
export function lifeOf(
  child: ChildProcess,
  reaper: Reaper,
  end: () => void,
): Pick<Launched, 'hasEnded' | 'kill'> {
  return {
    get hasEnded() {
      return child.exitCode !== null || child.signalCode !== null;
    },
    async kill() {
      end();
      await ended(child);
      reaper.dismiss();
    },
  };
}
