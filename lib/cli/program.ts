import type { LockStore } from '../line/store.js';
import { storeFromUrl } from '../url/index.js';
import { type Clock, systemClock } from '../util/clock.js';
import { type Command, commandOf } from './arguments.js';
import { BadInput, STATUS } from './bad-input.js';
import { inspect } from './inspect-command.js';
import { OpenedStore, textOf } from './opened.js';
import { release } from './release-command.js';
import { shownLines } from './shown.js';
import type { Terminal } from './terminal.js';
import { USAGE } from './usage.js';
import { watch } from './watch-command.js';

export interface Program {
  readonly terminal: Terminal;
  readonly version: string;
  readonly openStore?: (url: string) => Promise<LockStore>;
  readonly clock?: Clock;
}

type StoreCommand = Exclude<Command, { kind: 'help' | 'version' }>;

/** Does what was typed. Resolves with the status of the process; never rejects. */
export async function runProgram(args: readonly string[], program: Program): Promise<number> {
  const { terminal, version } = program;
  try {
    const command = commandOf(args);
    if (command.kind === 'help') terminal.out(USAGE);
    else if (command.kind === 'version') terminal.out(`${version}\n`);
    else return await withStore(command, program);
    return STATUS.done;
  } catch (error) {
    // Ctrl-C while it was connecting: nobody waits for what became of that.
    if (terminal.interrupted.aborted) return STATUS.failed;
    terminal.err(`nestjs-distributed-lock: ${shownLines(textOf(error))}\n`);
    return error instanceof BadInput ? STATUS.badInput : STATUS.failed;
  }
}

async function withStore(command: StoreCommand, program: Program): Promise<number> {
  const { terminal, openStore = storeFromUrl, clock = systemClock } = program;
  if (command.kind === 'release' && !command.isSure && !terminal.canAsk) {
    throw new BadInput('release asks before it acts, and there is no terminal to ask at: add --yes.');
  }
  const opened = await OpenedStore.open(command, { openStore, clock });
  try {
    if (command.kind === 'inspect') return await inspect(opened, command, terminal);
    if (command.kind === 'watch') return await watch(opened, command, { terminal, clock });
    return await release(opened, command, terminal);
  } finally {
    await opened.close();
  }
}
