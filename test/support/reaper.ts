import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Ends a child when this process is gone, however it went: a `process.on('exit')` hook would not run in a worker that
 * is killed, and jest gives its tests a copy of `process` that never exits.
 *
 * A shell holds the other end of a pipe. The pipe closes with this process; the shell then runs `command`.
 */
export interface Reaper {
  /** The child has ended by itself: nothing is left to do. */
  dismiss(): void;
}

export function reapWith(command: string): Reaper {
  const shell = spawn('/bin/sh', ['-c', `read word || { ${command}; }`], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  shell.unref();
  shell.stdin.on('error', () => undefined);
  (shell.stdin as unknown as { unref(): void }).unref();
  return { dismiss: () => void shell.stdin.end('done\n') };
}

export function reap(child: ChildProcess, folder?: string): Reaper {
  const clean = folder === undefined ? '' : `; rm -rf '${folder}'`;
  return reapWith(`kill -9 ${child.pid}${clean}`);
}

/** Resolves when the child has ended. */
export function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
  });
}
