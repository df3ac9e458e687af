import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { SettingsError } from '../settings.js';
import type { CleanUp } from './clean-up.js';

/** What an instance tells the demo, once. */
export type InstanceReport =
  | { readonly kind: 'listening'; readonly url: string }
  | { readonly kind: 'failed'; readonly line: string };

const NAMES = ['a', 'b', 'c'] as const;

/** Starts three instances as processes of their own. @returns their URLs @throws SettingsError */
export function startInstances(env: NodeJS.ProcessEnv, cleanUp: CleanUp): Promise<string[]> {
  return Promise.all(
    NAMES.map((name) => {
      const child = fork(new URL('./instance.js', import.meta.url), {
        env: { ...env, PORT: '0', HOST: '127.0.0.1', INSTANCE: name },
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      });
      // Longer than the lock module's shutdownTimeout, so that locks are given back first.
      cleanUp.addProcess(child, 8_000);
      return urlOf(child, name);
    }),
  );
}

async function urlOf(child: ChildProcess, name: string): Promise<string> {
  const ended = once(child, 'exit').then(([code]): InstanceReport => {
    return { kind: 'failed', line: `The process ended with status ${String(code)}.` };
  });
  const told = once(child, 'message').then(([message]) => message as InstanceReport);
  const report = await Promise.race([told, ended]);
  if (report.kind === 'listening') return report.url;
  throw new SettingsError(`Instance ${name} did not start. ${report.line}`);
}
