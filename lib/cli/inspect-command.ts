import type { Looking } from './arguments.js';
import { STATUS } from './bad-input.js';
import { keyPattern } from './key-pattern.js';
import type { Found, OpenedStore } from './opened.js';
import { shownJson, shownLines } from './shown.js';
import { tableOf } from './table.js';
import type { Terminal } from './terminal.js';

/** One look. */
export async function inspect(
  opened: OpenedStore,
  { pattern, isJson, most }: Looking,
  terminal: Terminal,
): Promise<number> {
  const found = await opened.find(keyPattern(pattern), most);
  if (isJson) {
    terminal.out(`${shownJson({ keys: found.keys, hashes: found.hashes, isCut: found.isCut }, 2)}\n`);
  } else terminal.out(found.keys.length > 0 ? tableOf(found.keys) : 'Nobody holds or waits.\n');
  for (const note of notesOf(found, most)) terminal.err(`${note}\n`);
  if (found.problems.length > 0) return STATUS.failed;
  return found.keys.length > 0 ? STATUS.done : STATUS.notHeld;
}

/** What a look at the keys alone would not tell. */
export function notesOf({ hashes, isCut, problems }: Found, most: number): string[] {
  const notes = problems.map(shownLines);
  if (isCut) notes.push(`There are more than ${most}: narrow the pattern, or raise --most.`);
  if (hashes.length > 0) {
    notes.push(
      `${hashes.length} more in use, of any namespace, have keys so long that the store keeps their hash alone: inspect such a key by its name.`,
    );
  }
  return notes;
}
