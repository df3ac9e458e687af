import { readFile } from 'node:fs/promises';
import type { LockEvent } from '../../lib/testing/history.js';
import type { Life } from './slot.js';
import type { Failure, Line } from './worker.js';

/** What the processes wrote down. */
export interface Told {
  readonly history: readonly LockEvent[];
  readonly failures: readonly Failure[];
}

/** No process makes more requests. */
const MOST_REQUESTS = 10_000_000;

/** Puts the logs of all lives together: requests get numbers of their own, and what a kill cut short its end. */
export async function readHistory(lives: readonly Life[]): Promise<Told> {
  const history: LockEvent[] = [];
  const failures: Failure[] = [];
  for (const [index, life] of lives.entries()) {
    const lines = linesOf(await readFile(life.file, 'utf8'));
    const numbered = (request: number): number => (index + 1) * MOST_REQUESTS + request;
    const events = lines.filter((line): line is LockEvent => !('failed' in line));
    if (life.killedMs !== undefined) events.push(...endsOf(events, life.killedMs));
    for (const event of events) history.push({ ...event, request: numbered(event.request) });
    for (const line of lines) if ('failed' in line) failures.push({ ...line, failed: numbered(line.failed) });
  }
  return { history, failures };
}

/** The last line of a process that was killed may be a part of one. */
function linesOf(text: string): Line[] {
  const lines = text.split('\n');
  lines.pop();
  return lines.map((line) => JSON.parse(line) as Line);
}

/** A process that is dead neither waits nor believes; it lived until the last that it wrote. */
export function endsOf(events: readonly LockEvent[], killedMs: number): LockEvent[] {
  const atMs = events.reduce((latest, event) => Math.max(latest, event.atMs), killedMs);
  const open = new Map<number, boolean>();
  for (const { request, kind } of events) {
    if (kind === 'asked') open.set(request, false);
    else if (kind === 'granted') open.set(request, true);
    else if (kind !== 'renewed' && kind !== 'queued') open.delete(request);
  }
  return [...open].flatMap(([request, isHeld]): LockEvent[] =>
    isHeld
      ? // What was renewed since is written at the end of a hold only: it believed until it died.
        [
          { request, atMs, kind: 'renewed', untilMs: Infinity },
          { request, atMs, kind: 'released' },
        ]
      : [{ request, atMs, kind: 'timedOut' }],
  );
}
