import { LockStoreError } from '../../errors.js';

/** Nobody may use a session after its end; asking again would not help. */
export class SessionClosed extends Error {
  constructor() {
    super('its session is closed');
  }
}

/** As many connections as a session may have are in use; one may be free in a moment. */
export class NoRoom extends Error {}

/** What an error of the server or the driver means here. */
export interface Verdict {
  /** The same command may succeed in a moment, without anybody's hand. */
  readonly isTransient: boolean;
  /** Two commands met (a deadlock, a serialization failure): nothing was done, and it is asked again at once. */
  readonly isRace?: boolean;
  readonly advice: string;
}

/** A back end, as its errors speak of it. */
export interface Speaker {
  /** The store's name: `'postgres'`. */
  readonly store: string;
  /** As its makers write it: `'PostgreSQL'`. */
  readonly product: string;
  /** Where the server is, as a reader may see it: no credentials. */
  readonly place: string;
  readonly verdictOn: (cause: unknown) => Verdict;
}

/** A command that failed. */
export interface Failure {
  readonly operation: string;
  /** The lock keys that it was about. */
  readonly keys: readonly string[];
  readonly cause: unknown;
}

const CLOSED: Verdict = { isTransient: false, advice: 'The application is shutting down.' };

const NO_ROOM: Verdict = {
  isTransient: true,
  advice: "Hold fewer keys at once, or use strategy: 'lease', which needs no connection for a key.",
};

/** The failure in the words of the package. */
export function storeErrorOf(speaker: Speaker, { operation, keys, cause }: Failure): LockStoreError {
  const { isTransient, advice } = verdictOf(speaker, cause);
  const { product, place, store } = speaker;
  const what = `${product} at ${place} failed to ${phraseOf(operation, keys)}: ${textOf(cause)}`;
  return new LockStoreError(`${what.replace(/\.?$/, '.')} ${advice}`, {
    store,
    operation,
    isTransient,
    key: keys[0],
    cause,
  });
}

function verdictOf(speaker: Speaker, cause: unknown): Verdict {
  if (cause instanceof SessionClosed) return CLOSED;
  return cause instanceof NoRoom ? NO_ROOM : speaker.verdictOn(cause);
}

function phraseOf(operation: string, keys: readonly string[]): string {
  if (keys.length === 0) return operation;
  const others = keys.length > 1 ? ` and ${keys.length - 1} more` : '';
  return `${operation} lock "${keys[0]}"${others}`;
}

/** Of a host with several addresses Node says only in `errors` what failed. */
export function textOf(cause: unknown): string {
  if (cause instanceof AggregateError && cause.message === '') return cause.errors.map(textOf).join(', ');
  return cause instanceof Error ? cause.message : String(cause);
}
