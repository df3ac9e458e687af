import type { Command } from './arguments.js';
import { STATUS } from './bad-input.js';
import type { OpenedStore } from './opened.js';
import type { KeyReport } from './report.js';
import { shown } from './shown.js';
import { tableOf } from './table.js';
import type { Terminal } from './terminal.js';

/** Who is asked knows what it means: the holder is told, but not stopped. */
const QUESTION =
  'Its holder is not stopped: it learns of it, and may go on until then. Take the lock away? [y/N] ';

/** Takes a lock from whoever holds it; with a question before, unless somebody was sure already. */
export async function release(
  opened: OpenedStore,
  { key, isSure }: Command & { kind: 'release' },
  terminal: Terminal,
): Promise<number> {
  const report = await opened.inspect(key);
  const name = `"${shown(key)}"`;
  if (report.holders.length === 0) {
    const others = report.waiters > 0 ? `; ${report.waiters} wait for it` : '';
    terminal.out(`Nobody holds ${name}${others}.\n`);
    return STATUS.notHeld;
  }
  terminal.out(tableOf([report]));
  if (!isSure && !(await mayRelease(opened, report, terminal))) return STATUS.notHeld;
  const wasHeld = await opened.forceRelease(key);
  terminal.out(wasHeld ? `Released ${name}.\n` : `Nobody holds ${name} any more.\n`);
  return wasHeld ? STATUS.done : STATUS.notHeld;
}

async function mayRelease(opened: OpenedStore, seen: KeyReport, terminal: Terminal): Promise<boolean> {
  const answer = await terminal.ask(QUESTION);
  if (!/^y(es)?$/i.test(answer.trim())) {
    terminal.out('Nothing was released.\n');
    return false;
  }
  // The answer was about the holder that was shown, and somebody may have thought about it for long.
  const now = await opened.inspect(seen.key);
  if (namesOf(now).some((name) => !namesOf(seen).includes(name))) {
    terminal.out('Somebody else holds it by now: nothing was released. Ask again.\n');
    return false;
  }
  return true;
}

function namesOf({ holders }: KeyReport): string[] {
  return holders.map(({ owner, fencingToken }) => `${owner} ${fencingToken}`);
}
