import { parseArgs } from 'node:util';
import { SettingsError } from '../settings.js';

/** How large the storm is. */
export interface DemoOptions {
  /** Voters, each with one vote that should count. */
  readonly users: number;
  /** How often each voter sends the same vote. */
  readonly duplicates: number;
  /** Requests under way at once. */
  readonly concurrency: number;
  /** The same seed sends the same votes to the same instances in the same order. */
  readonly seed: number;
}

/** All replies of a run are kept until its end. */
const MOST_VOTES = 100_000;

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly byDefault: () => number;
  readonly what: string;
}

const BOUNDS: Record<keyof DemoOptions, Bounds> = {
  users: { min: 1, max: 5_000, byDefault: () => 200, what: 'voters' },
  duplicates: { min: 2, max: 100, byDefault: () => 10, what: 'times each voter votes' },
  concurrency: { min: 2, max: 500, byDefault: () => 60, what: 'requests under way at once' },
  seed: {
    min: 0,
    max: 2 ** 32 - 1,
    byDefault: () => Math.floor(Math.random() * 2 ** 32),
    what: 'of the order in which votes are sent; default random',
  },
};
const NAMES = Object.keys(BOUNDS) as (keyof DemoOptions)[];

/** The text of `--help`. */
export function usage(): string {
  const lines = NAMES.map((name) => {
    const { min, max, byDefault, what } = BOUNDS[name];
    const preset = name === 'seed' ? '' : `; default ${byDefault()}`;
    return `  --${name.padEnd(12)} ${what}, ${min} to ${max}${preset}`;
  });
  return ['npm run demo -- [options]', ...lines].join('\n');
}

/** Undefined where the help was asked for. @throws SettingsError */
export function readOptions(args: readonly string[]): DemoOptions | undefined {
  const values = parse(args);
  if (values['help'] === true) return undefined;
  const options: DemoOptions = {
    users: countOf('users', values),
    duplicates: countOf('duplicates', values),
    concurrency: countOf('concurrency', values),
    seed: countOf('seed', values),
  };
  if (options.users * options.duplicates <= MOST_VOTES) return options;
  throw new SettingsError(`--users times --duplicates is more than ${MOST_VOTES} votes.`);
}

type Values = Readonly<Record<string, string | boolean | undefined>>;

function parse(args: readonly string[]): Values {
  const numbers = Object.fromEntries(NAMES.map((name) => [name, { type: 'string' as const }]));
  try {
    return parseArgs({ args: [...args], options: { ...numbers, help: { type: 'boolean', short: 'h' } } })
      .values;
  } catch (error) {
    const [line] = (error as Error).message.split(/[.\n]/, 1);
    throw new SettingsError(`${line}. The options are ${NAMES.map((name) => `--${name}`).join(', ')}.`, {
      cause: error,
    });
  }
}

function countOf(name: keyof DemoOptions, values: Values): number {
  const value = values[name];
  const { min, max, byDefault } = BOUNDS[name];
  if (value === undefined) return byDefault();
  const count = /^\d{1,10}$/.test(String(value)) ? Number(value) : Number.NaN;
  if (count >= min && count <= max) return count;
  throw new SettingsError(
    `--${name} is ${JSON.stringify(value)}; it must be a whole number from ${min} to ${max}.`,
  );
}
