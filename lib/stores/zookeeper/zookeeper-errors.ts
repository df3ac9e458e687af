import { LockStoreError } from '../../errors.js';
import { ZooKeeperError } from './client/index.js';
import { ForeignNode } from './standing.js';
import { TokenOutOfReach } from './token.js';

export const STORE_NAME = 'zookeeper';

/** Nobody may use a session after its end; asking again would not help. */
export class SessionClosed extends Error {
  constructor() {
    super('its session is closed');
  }
}

/** A command that failed. */
export interface Failure {
  readonly operation: string;
  /** The lock keys that it was about. */
  readonly keys: readonly string[];
  /** Where the servers are, as a reader may see it: no credentials. */
  readonly servers: string;
  readonly cause: unknown;
}

interface Verdict {
  readonly isTransient: boolean;
  readonly advice: string;
}

const CLOSED: Verdict = { isTransient: false, advice: 'The application is shutting down.' };
const FOREIGN: Verdict = {
  isTransient: false,
  advice:
    'It was left as it is: remove it, give the store another root, or use one version of the package everywhere.',
};
const OUT_OF_REACH: Verdict = {
  isTransient: false,
  advice: 'It has elected too many leaders for that: move to a new ensemble, whose transactions begin anew.',
};
const ADVICE: Partial<Record<ZooKeeperError['code'], string>> = {
  NO_NODE: 'The root of the store was removed: make it again, or start the application anew, which does.',
  NO_AUTH: 'Give the store the "auth" with which its root was made, or another root.',
  AUTH_FAILED: 'Check the credentials in "auth".',
  SESSION_EXPIRED: 'It lost the session, and what was held by it; ask again.',
};
const UNREACHABLE = 'Check that a majority of the servers runs and that the addresses are right.';
const UNKNOWN = 'This is not an answer that the store knows.';

/** The failure in the words of the package. */
export function storeErrorOf({ operation, keys, servers, cause }: Failure): LockStoreError {
  const { isTransient, advice } = verdictOn(cause);
  const text = cause instanceof Error ? cause.message : String(cause);
  const what = `ZooKeeper at ${servers} failed to ${phraseOf(operation, keys)}: ${text}`;
  return new LockStoreError(`${what.replace(/\.?$/, '.')} ${advice}`, {
    store: STORE_NAME,
    operation,
    isTransient,
    key: keys[0],
    cause,
  });
}

function verdictOn(cause: unknown): Verdict {
  if (cause instanceof SessionClosed) return CLOSED;
  if (cause instanceof ForeignNode) return FOREIGN;
  if (cause instanceof TokenOutOfReach) return OUT_OF_REACH;
  if (!(cause instanceof ZooKeeperError)) return { isTransient: false, advice: UNKNOWN };
  const { isTransient, code } = cause;
  if (code === 'CLOSED') return CLOSED;
  return { isTransient, advice: ADVICE[code] ?? (isTransient ? UNREACHABLE : UNKNOWN) };
}

function phraseOf(operation: string, keys: readonly string[]): string {
  if (keys.length === 0) return operation;
  const others = keys.length > 1 ? ` and ${keys.length - 1} more` : '';
  return `${operation} lock "${keys[0]}"${others}`;
}
