import type { Clock } from '../util/clock.js';
import type { Command } from './arguments.js';
import { STATUS } from './bad-input.js';
import { changesBetween, lineOf } from './changes.js';
import { notesOf } from './inspect-command.js';
import { keyPattern } from './key-pattern.js';
import { type Found, type OpenedStore, textOf } from './opened.js';
import { shownJson, shownLines } from './shown.js';
import { tableOf } from './table.js';
import type { Terminal } from './terminal.js';

/** Home, and away with what stood below. */
const CLEAR = '\u001b[H\u001b[2J\u001b[3J';

const NOTHING: Found = { keys: [], hashes: [], isCut: false, problems: [] };

/** Looks until Ctrl-C: a table that is painted anew on a screen, a line for each change anywhere else. */
export async function watch(
  opened: OpenedStore,
  command: Command & { kind: 'watch' },
  { terminal, clock }: { readonly terminal: Terminal; readonly clock: Clock },
): Promise<number> {
  const pattern = keyPattern(command.pattern);
  const show = terminal.isScreen && !command.isJson ? painter(command, terminal) : teller(command, terminal);
  while (!terminal.interrupted.aborted) {
    try {
      show(await opened.find(pattern, command.most));
    } catch (error) {
      // A store that fails for a moment is looked at again.
      if (!terminal.interrupted.aborted) terminal.err(`${shownLines(textOf(error))}\n`);
    }
    await pause(command.intervalMs, clock, terminal.interrupted);
  }
  return STATUS.done;
}

function painter({ most, intervalMs }: Command & { kind: 'watch' }, terminal: Terminal) {
  return (found: Found): void => {
    const table = found.keys.length > 0 ? tableOf(found.keys) : 'Nobody holds or waits.\n';
    const notes = notesOf(found, most).map((note) => `${note}\n`);
    terminal.out(`${CLEAR}${table}${notes.join('')}Every ${intervalMs / 1_000} s; Ctrl-C ends.\n`);
  };
}

function teller({ isJson }: Command & { kind: 'watch' }, terminal: Terminal) {
  let before = NOTHING;
  return (found: Found): void => {
    for (const change of changesBetween(before.keys, found.keys)) {
      terminal.out(`${isJson ? shownJson(change) : lineOf(change)}\n`);
    }
    for (const problem of found.problems) {
      if (!before.problems.includes(problem)) terminal.err(`${shownLines(problem)}\n`);
    }
    before = found;
  };
}

function pause(ms: number, clock: Clock, interrupted: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (interrupted.aborted) return resolve();
    const end = (): void => {
      timer.clear();
      interrupted.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.setTimer(ms, end);
    interrupted.addEventListener('abort', end);
  });
}
