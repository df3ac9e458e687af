import { parseArgs } from 'node:util';
import { LockConfigError } from '../errors.js';
import { type Duration, durationMs } from '../util/duration.js';
import { BadInput } from './bad-input.js';
import type { Whereabouts } from './opened.js';

/** What was asked for. */
export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | (Looking & { readonly kind: 'inspect' })
  | (Looking & { readonly kind: 'watch'; readonly intervalMs: number })
  | (Whereabouts & { readonly kind: 'release'; readonly key: string; readonly isSure: boolean });

/** What `inspect` and `watch` are told. */
export interface Looking extends Whereabouts {
  readonly pattern: string;
  readonly isJson: boolean;
  readonly most: number;
}

const OPTIONS = {
  namespace: { type: 'string', short: 'n' },
  json: { type: 'boolean' },
  most: { type: 'string' },
  interval: { type: 'string' },
  yes: { type: 'boolean', short: 'y' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const;

const BELONGING = {
  inspect: ['namespace', 'json', 'most'],
  watch: ['namespace', 'json', 'most', 'interval'],
  release: ['namespace', 'yes'],
} as const;

type Verb = keyof typeof BELONGING;
type Values = ReturnType<typeof parsed>['values'];

const DEFAULT_NAMESPACE = 'lock';
const MOST = { usual: 1_000, at: 1_000_000 } as const;
const HINT = 'See --help.';

/** @throws BadInput, which repeats nothing that could be an address: it may hold a password */
export function commandOf(args: readonly string[]): Command {
  const { values, positionals } = parsed(args);
  if (values.help) return { kind: 'help' };
  if (values.version) return { kind: 'version' };
  const [verb, url, operand, ...rest] = positionals;
  checkVerb(verb);
  checkOptions(verb, values);
  if (url === undefined) throw new BadInput(`${verb} needs the URL of a store. ${HINT}`);
  if (rest.length > 0) throw new BadInput(`${verb} takes no more than a URL and a ${thing(verb)}. ${HINT}`);
  const where = { url, namespace: values.namespace ?? DEFAULT_NAMESPACE };
  if (verb === 'release') return { kind: verb, ...where, key: keyOf(operand), isSure: values.yes === true };
  const looking = {
    ...where,
    pattern: patternOf(operand),
    isJson: values.json === true,
    most: mostOf(values),
  };
  return verb === 'watch'
    ? { kind: verb, ...looking, intervalMs: intervalOf(values) }
    : { kind: verb, ...looking };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    throw new BadInput(`${faultOf(error, args)} ${HINT}`);
  }
}

/** Its own words would repeat the argument. */
function faultOf(error: unknown, args: readonly string[]): string {
  const text = String(error);
  const named = /'(?:-\w, )?(-{1,2}[a-z-]+)[^']*'/.exec(text)?.[1];
  if (text.includes('Unknown option')) {
    const isPlain = args.some((arg) => arg === named);
    return isPlain ? `There is no option ${named}.` : 'There is an option that is not known.';
  }
  return `Option ${named ?? ''} ${/argument missing/.test(text) ? 'needs a value.' : 'is misused.'}`;
}

function checkVerb(verb: string | undefined): asserts verb is Verb {
  if (verb === undefined) throw new BadInput(`Say what to do: inspect, watch or release. ${HINT}`);
  if (Object.hasOwn(BELONGING, verb)) return;
  const what = /^[a-z-]{1,20}$/i.test(verb) ? `"${verb}" is no command` : 'The first word is no command';
  throw new BadInput(`${what}; there are inspect, watch and release. ${HINT}`);
}

function checkOptions(verb: Verb, values: Values): void {
  const stranger = Object.keys(values).find((name) => !(BELONGING[verb] as readonly string[]).includes(name));
  if (stranger !== undefined) throw new BadInput(`${verb} has no option --${stranger}. ${HINT}`);
}

function keyOf(operand: string | undefined): string {
  if (operand === undefined) throw new BadInput(`release needs the key of the lock. ${HINT}`);
  return operand;
}

function patternOf(operand = '*'): string {
  if (operand === '') throw new BadInput(`The pattern is empty: name a key, or write '*' for all. ${HINT}`);
  return operand;
}

function mostOf({ most }: Values): number {
  if (most === undefined) return MOST.usual;
  const number = /^\d{1,7}$/.test(most) ? Number(most) : 0;
  if (number >= 1 && number <= MOST.at) return number;
  throw new BadInput(`--most must be a whole number from 1 to ${MOST.at}. ${HINT}`);
}

function intervalOf({ interval = '1s' }: Values): number {
  try {
    return durationMs('--interval', interval as Duration, { minMs: 100, maxMs: 3_600_000 });
  } catch (error) {
    if (!(error instanceof LockConfigError)) throw error;
    throw new BadInput(`--interval must be a time from 100ms to 1h, such as 500ms or 2s. ${HINT}`);
  }
}

function thing(verb: Verb): string {
  return verb === 'release' ? 'key' : 'pattern';
}
