import type { LockError, LockErrorCode, LockTimeoutError } from '../errors.js';

/** What a client is told: the code and a short text. Keys, classes and values go to the log. */
export interface PublicAnswer {
  readonly code: LockErrorCode;
  readonly message: string;
}

export interface HttpAnswer {
  readonly status: number;
  /** In seconds; undefined where asking again does not help. */
  readonly retryAfter: number | undefined;
  readonly body: PublicAnswer & { readonly statusCode: number };
}

export function httpAnswer(error: LockError): HttpAnswer {
  const { status } = error;
  return { status, retryAfter: retryAfter(error), body: { statusCode: status, ...publicAnswer(error) } };
}

/** As Nest's own filters for messages answer: `status` tells the kind. */
export function messageAnswer(error: LockError): PublicAnswer & { readonly status: 'error' } {
  return { status: 'error', ...publicAnswer(error) };
}

/** An error that a GraphQL server passes on, with the code in its extensions. */
export function graphqlAnswer(error: LockError): Error {
  return Object.assign(new Error(error.publicMessage, { cause: error }), { extensions: error.extensions });
}

function publicAnswer(error: LockError): PublicAnswer {
  return { code: error.code, message: error.publicMessage };
}

function retryAfter(error: LockError): number | undefined {
  if (error.status !== 423 && error.status !== 503) return undefined;
  const ms = (error as Partial<LockTimeoutError>).retryAfterMs ?? 0;
  return Math.max(1, Math.ceil(ms / 1000));
}
