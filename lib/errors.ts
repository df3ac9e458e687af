/** What a {@link LockError} says in one word; stable, for programs. */
export type LockErrorCode =
  | 'LOCK_TIMEOUT'
  | 'LOCK_LOST'
  | 'LOCK_STORE'
  | 'LOCK_KEY'
  | 'LOCK_UPGRADE'
  | 'LOCK_UNSUPPORTED'
  | 'LOCK_CONFIG'
  | 'LOCK_CLOSED';

/** What every error of this package is made from. */
export interface LockErrorInit {
  readonly key?: string | undefined;
  readonly cause?: unknown;
}

// `instanceof` fails between two copies of the package in one process; a registered symbol does not.
const BRAND = Symbol.for('nestjs-distributed-lock:error');

/** What a client may read: no key, no class name, no value. */
const PUBLIC_TEXT: Record<LockErrorCode, string> = {
  LOCK_TIMEOUT: 'The resource is locked by another request.',
  LOCK_LOST: 'The lock was lost before the work was done.',
  LOCK_STORE: 'The lock service is not available.',
  LOCK_KEY: 'The request has no usable value for its lock.',
  LOCK_UPGRADE: 'The lock is used in a way that cannot be granted.',
  LOCK_UNSUPPORTED: 'The lock is used in a way that cannot be granted.',
  LOCK_CONFIG: 'The lock is not configured correctly.',
  LOCK_CLOSED: 'The service is shutting down.',
};

/**
 * The base of all errors of this package; ask with {@link isLockError}, which also knows those of a second copy.
 *
 * It carries the signature of the `http-errors` package (`status`, `statusCode`, `expose`), so that it is answered
 * with its own HTTP status even where no filter of ours runs.
 */
export abstract class LockError extends Error {
  /** What happened, for programs. */
  abstract readonly code: LockErrorCode;
  /** The key as the caller gave it; undefined where no key was made. */
  readonly key: string | undefined;
  /** The HTTP status that says it. */
  readonly status: number;
  /** The same; `http-errors` has both. */
  readonly statusCode: number;
  /** True where the status is below 500. */
  readonly expose: boolean;

  protected constructor(message: string, status: number, init: LockErrorInit) {
    super(message, 'cause' in init ? { cause: init.cause } : undefined);
    this.name = new.target.name;
    this.key = init.key;
    this.status = status;
    this.statusCode = status;
    this.expose = status < 500;
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** The short text for clients: says nothing of keys, values or classes. */
  get publicMessage(): string {
    return PUBLIC_TEXT[this.code];
  }

  /** For GraphQL servers, which copy it into the answer. */
  get extensions(): { code: LockErrorCode; http: { status: number } } {
    return { code: this.code, http: { status: this.status } };
  }
}

/** The wait ended and somebody else held the lock. HTTP 423. */
export class LockTimeoutError extends LockError {
  readonly code = 'LOCK_TIMEOUT';
  /** How long the request waited, in milliseconds. */
  readonly waitedMs: number;
  /** When asking again may help, in milliseconds; undefined where the store could not tell. */
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    init: LockErrorInit & { waitedMs: number; retryAfterMs?: number | undefined },
  ) {
    super(message, 423, init);
    this.waitedMs = init.waitedMs;
    this.retryAfterMs = init.retryAfterMs;
  }
}

/** The lock was held and is not any more: its lease ran out, the store forgot it, or it was released by force. HTTP 500. */
export class LockLostError extends LockError {
  readonly code = 'LOCK_LOST';
  /** The token of the hold that was lost. */
  readonly fencingToken: number;

  constructor(message: string, init: LockErrorInit & { fencingToken: number }) {
    super(message, 500, init);
    this.fencingToken = init.fencingToken;
  }
}

/** The back end failed or did not answer; the work did not run. HTTP 503. */
export class LockStoreError extends LockError {
  readonly code = 'LOCK_STORE';
  /** Name of the store, as its `name` says. */
  readonly store: string;
  /** What was asked of it: `acquire`, `renew`, `release`, `inspect`, `list`, `forceRelease`, `connect`. */
  readonly operation: string;
  /** True where asking again may succeed: a cut connection, a server that is loading. */
  readonly isTransient: boolean;

  constructor(
    message: string,
    init: LockErrorInit & { store: string; operation: string; isTransient?: boolean },
  ) {
    super(message, 503, init);
    this.store = init.store;
    this.operation = init.operation;
    this.isTransient = init.isTransient ?? false;
  }
}

/** There is nothing to lock on: an empty key, or a value that cannot be part of one. HTTP 400. */
export class LockKeyError extends LockError {
  readonly code = 'LOCK_KEY';

  constructor(message: string, init: LockErrorInit = {}) {
    super(message, 400, init);
  }
}

/** More was asked inside a hold than the hold allows; granted, it would wait for itself. HTTP 500. */
export class LockUpgradeError extends LockError {
  readonly code = 'LOCK_UPGRADE';

  constructor(message: string, init: LockErrorInit = {}) {
    super(message, 500, init);
  }
}

/** The store cannot keep a promise that was asked for. HTTP 500. */
export class LockUnsupportedError extends LockError {
  readonly code = 'LOCK_UNSUPPORTED';
  readonly store: string;

  constructor(message: string, init: LockErrorInit & { store: string }) {
    super(message, 500, init);
    this.store = init.store;
  }
}

/** An option is wrong: the message names it, its value and its bound. HTTP 500. */
export class LockConfigError extends LockError {
  readonly code = 'LOCK_CONFIG';
  /** The name of the option. */
  readonly option: string;

  constructor(message: string, init: LockErrorInit & { option: string }) {
    super(message, 500, init);
    this.option = init.option;
  }
}

/** The application is shutting down and takes no new locks. HTTP 503. */
export class LockClosedError extends LockError {
  readonly code = 'LOCK_CLOSED';

  constructor(message: string, init: LockErrorInit = {}) {
    super(message, 503, init);
  }
}

/** True for every error of this package, also for one that a second copy of it made. */
export function isLockError(error: unknown): error is LockError {
  return typeof error === 'object' && error !== null && BRAND in error;
}
