import { boot, lineOf } from '../boot.js';
import { readSettings } from '../settings.js';
import type { InstanceReport } from './instances.js';

// An instance as the demo starts it: like main.ts, but it reports to its parent, and ends with it.

function report(message: InstanceReport): Promise<void> {
  return new Promise((resolve) => process.send?.(message, () => resolve()));
}

process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
try {
  const { url } = await boot(readSettings(process.env));
  await report({ kind: 'listening', url });
} catch (error) {
  await report({ kind: 'failed', line: lineOf(error) });
  process.exit(1);
}
