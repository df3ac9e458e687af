import { createInterface } from 'node:readline/promises';
import { runProgram } from './program.js';
import type { Terminal } from './terminal.js';

/** What `bin/` runs: the commands at the process's own terminal. */
export async function main(version: string): Promise<void> {
  const interruption = new AbortController();
  // The second Ctrl-C ends it as usual, should the first have no effect.
  process.once('SIGINT', () => interruption.abort());
  // Whoever read has enough, as `| head`: there is nobody left to tell.
  process.stdout.on('error', () => process.exit());
  const terminal = processTerminal(interruption.signal);
  process.exitCode = await runProgram(process.argv.slice(2), { terminal, version });
}

function processTerminal(interrupted: AbortSignal): Terminal {
  const { stdin, stdout, stderr } = process;
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    isScreen: stdout.isTTY === true,
    canAsk: stdin.isTTY === true,
    ask: async (question) => {
      const lines = createInterface({ input: stdin, output: stderr });
      lines.once('SIGINT', () => lines.close());
      try {
        // Closed, by Ctrl-C or Ctrl-D, it would leave the question open for ever.
        return await new Promise<string>((resolve, reject) => {
          lines.once('close', () => resolve(''));
          lines.question(question, { signal: interrupted }).then(resolve, reject);
        });
      } finally {
        lines.close();
      }
    },
    interrupted,
  };
}
