import { LockStoreError } from '../../errors.js';

export const STORE_NAME = 'redis';

/** Nobody may use a session after its end; asking again would not help. */
export class SessionClosed extends Error {
  constructor() {
    super('its session is closed');
  }
}

/** The master has it, and too few replicas said that they do. */
export class NotAcknowledged extends Error {
  constructor(count: number, wanted: number) {
    super(`only ${count} of ${wanted} replicas acknowledged it in time`);
  }
}

/** Nobody is known to serve the slot. */
export class SlotUnserved extends Error {
  constructor(slot: number, cause?: unknown) {
    super(`no node is known to serve slot ${slot}`, { cause });
  }
}

/** A command that failed. */
export interface Failure {
  readonly operation: string;
  /** The lock keys that it was about. */
  readonly keys: readonly string[];
  /** Where the server is, as a reader may see it: no credentials. */
  readonly place: string;
  readonly cause: unknown;
}

interface Verdict {
  readonly isTransient: boolean;
  readonly advice: string;
}

/**
 * What the server's error codes mean here. Transient: the same command may succeed in a moment, without anybody's hand.
 * A full server (`OOM`) is not: it stays full until somebody acts, and what gives back is done there all the same.
 */
const VERDICTS: Readonly<Record<string, Verdict>> = {
  LOADING: { isTransient: true, advice: 'It is loading its data; ask again.' },
  // A WAIT that was under way when its master became a replica.
  UNBLOCKED: { isTransient: true, advice: 'It became a replica meanwhile; ask again.' },
  BUSY: { isTransient: true, advice: 'A script occupies it; ask again, or end the script with SCRIPT KILL.' },
  READONLY: {
    isTransient: true,
    advice: 'It is a replica: name the master, or wait for the fail-over to end.',
  },
  MASTERDOWN: {
    isTransient: true,
    advice: 'It is a replica that lost its master; wait for the fail-over to end.',
  },
  NOREPLICAS: { isTransient: true, advice: 'Too few replicas are in reach (min-replicas-to-write).' },
  CLUSTERDOWN: {
    isTransient: true,
    advice: 'The cluster has no master for the slot; wait for the fail-over to end.',
  },
  TRYAGAIN: { isTransient: true, advice: 'The slot is being moved; ask again.' },
  // Other keys of the slot than the one that a script began with.
  'non local key': { isTransient: true, advice: 'The slot is being moved; ask again.' },
  MOVED: { isTransient: true, advice: 'The cluster is being arranged anew; ask again.' },
  ASK: { isTransient: true, advice: 'The slot is being moved; ask again.' },
  OOM: { isTransient: false, advice: 'Its memory is full (maxmemory): give it more, or free some.' },
  MISCONF: { isTransient: false, advice: 'It cannot write its snapshots: look at its log.' },
  WRONGPASS: { isTransient: false, advice: 'Check the user name and password of the store.' },
  NOAUTH: { isTransient: false, advice: 'It wants a password: give the store one.' },
  NOPERM: { isTransient: false, advice: 'Allow the user the commands and keys that the store page lists.' },
};

// Inside a script Redis 6 puts the code in the middle of the text.
const CODE = new RegExp(`(?:^|[\\s-])(${Object.keys(VERDICTS).join('|')})\\b`);
const FOREIGN = /\bFOREIGN (\d+)/;
const TOO_FEW_REPLICAS: Verdict = {
  isTransient: true,
  advice: 'Check the replicas, or lower waitReplicas.',
};
const UNREACHABLE: Verdict = {
  isTransient: true,
  advice: 'Check that the server runs and that the address is right.',
};
const CLOSED: Verdict = { isTransient: false, advice: 'The application is shutting down.' };
const UNKNOWN: Verdict = { isTransient: false, advice: 'This is not an answer that the store knows.' };

/** True where the server refused a script's first write because its memory is full. */
export function isOutOfMemory(error: unknown): boolean {
  return isAnswer(error) && CODE.exec(error.message)?.[1] === 'OOM';
}

/** True where the server does not know the script any more. */
export function isUnknownScript(error: unknown): boolean {
  return isAnswer(error) && error.message.startsWith('NOSCRIPT');
}

/** True where the server has no such command, or was told to have none. */
export function isUnknownCommand(error: unknown): boolean {
  return isAnswer(error) && /^ERR unknown (?:sub)?command/i.test(error.message);
}

/** Where else to ask. */
export interface Redirection {
  /** `moved`: from now on. `ask`: this once, the slot is on its way there. */
  readonly kind: 'moved' | 'ask';
  readonly slot: number;
  /** Empty where it is the host that was asked. */
  readonly host: string;
  readonly port: number;
}

export function redirectionOf(error: unknown): Redirection | undefined {
  const [, kind, slot, host = '', port] =
    (isAnswer(error) && /^(MOVED|ASK) (\d+) (\S*):(\d+)$/.exec(error.message)) || [];
  if (kind === undefined) return undefined;
  return { kind: kind === 'ASK' ? 'ask' : 'moved', slot: Number(slot), host, port: Number(port) };
}

/** True where the server says that it is no master: another connection may reach one. */
export function isReadOnly(error: Error): boolean {
  return CODE.exec(error.message)?.[1] === 'READONLY';
}

/** The failure in the words of the package. */
export function storeErrorOf({ operation, keys, place, cause }: Failure): LockStoreError {
  const foreign = isAnswer(cause) ? FOREIGN.exec(cause.message)?.[1] : undefined;
  if (foreign !== undefined)
    return foreignValue({ operation, keys, place, cause }, keys[Number(foreign) - 1]);
  const { isTransient, advice } = verdictOn(cause);
  const what = `Redis at ${place} failed to ${phraseOf(operation, keys)}: ${textOf(cause)}`;
  return new LockStoreError(`${what.replace(/\.?$/, '.')} ${advice}`, {
    store: STORE_NAME,
    operation,
    isTransient,
    key: keys[0],
    cause: withoutCommand(cause),
  });
}

function foreignValue({ operation, place, cause }: Failure, key: string | undefined): LockStoreError {
  const text =
    `Redis at ${place} has a value under the name of lock "${key}" that is not a lock's. It was left as it is: ` +
    `delete or rename it, or give the module another namespace.`;
  return new LockStoreError(text, { store: STORE_NAME, operation, key, cause: withoutCommand(cause) });
}

function verdictOn(cause: unknown): Verdict {
  if (cause instanceof SessionClosed) return CLOSED;
  if (cause instanceof NotAcknowledged) return TOO_FEW_REPLICAS;
  if (!isAnswer(cause)) return UNREACHABLE;
  const code = CODE.exec(cause.message)?.[1];
  return (code === undefined ? undefined : VERDICTS[code]) ?? UNKNOWN;
}

function phraseOf(operation: string, keys: readonly string[]): string {
  if (keys.length === 0) return operation;
  const others = keys.length > 1 ? ` and ${keys.length - 1} more` : '';
  return `${operation} lock "${keys[0]}"${others}`;
}

/** An answer of the server, as opposed to a connection that failed. */
export function isAnswer(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError';
}

/** Of a host with several addresses Node says only in `errors` what failed. */
function textOf(cause: unknown): string {
  if (cause instanceof AggregateError && cause.message === '') return cause.errors.map(textOf).join(', ');
  return cause instanceof Error ? cause.message : String(cause);
}

/** The driver hangs the command on the error: that of a refused log-in shows the password. */
function withoutCommand(cause: unknown): unknown {
  if (cause instanceof Error && 'command' in cause) delete cause.command;
  return cause;
}
