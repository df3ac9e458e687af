import { parseArgs } from 'node:util';

/** What the command line asks for. */
export interface Options {
  /** Workloads by name; all where empty. */
  readonly only: readonly string[];
  /** Contestants by the names of their files; all where empty. */
  readonly libraries: readonly string[];
  /** How often each library has its turn; undefined: as each workload likes. */
  readonly rounds: number | undefined;
  /** How long a turn is meant to last. */
  readonly turnMs: number | undefined;
  /** Where the result goes. */
  readonly json: string | undefined;
  readonly isQuick: boolean;
  readonly seed: number;
}

export const USAGE = `npm run bench -- [options]
  --only a,b             workloads: a b c d e f g quorum
  --libraries ours,…     contestants, by the names of their files in bench/adapters
  --rounds n             turns of each library in each workload
  --seconds n            length of a turn
  --json file            where the result goes
  --seed n               order of the turns
  --quick                a short form that shows that everything works; its numbers mean nothing`;

/** @throws Error that says what is wrong */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      libraries: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      json: { type: 'string' },
      seed: { type: 'string' },
      quick: { type: 'boolean', default: false },
    },
  });
  const seconds = positive('seconds', values.seconds);
  return {
    only: listOf(values.only),
    libraries: listOf(values.libraries),
    rounds: positive('rounds', values.rounds),
    turnMs: seconds === undefined ? undefined : seconds * 1_000,
    json: values.json,
    isQuick: values.quick,
    seed: positive('seed', values.seed) ?? 1,
  };
}

function listOf(text = ''): string[] {
  return text.split(',').filter((one) => one !== '');
}

function positive(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (value > 0) return value;
  throw new Error(`--${name} is ${JSON.stringify(text)}; it must be a number above 0.`);
}
