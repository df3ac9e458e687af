import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import { throwError } from 'rxjs';
import { isLockError, type LockError, type LockErrorCode } from '../errors.js';
import { graphqlAnswer, httpAnswer, messageAnswer } from './lock-error-wording.js';

/** Stands for LockError where `instanceof` is asked: also for errors of a second copy of the package. */
class AnyLockError {
  static [Symbol.hasInstance](value: unknown): boolean {
    return isLockError(value);
  }
}

/** How an error is told to the operator; clients read none of it. */
const LEVELS: Record<LockErrorCode, 'debug' | 'warn' | 'error'> = {
  // Both happen in good order.
  LOCK_TIMEOUT: 'debug',
  LOCK_CLOSED: 'debug',
  LOCK_KEY: 'warn',
  LOCK_LOST: 'error',
  LOCK_STORE: 'error',
  LOCK_UPGRADE: 'error',
  LOCK_UNSUPPORTED: 'error',
  LOCK_CONFIG: 'error',
};

/** A socket as the adapters hand it over: a `ws` client or one of Socket.IO. */
interface Client {
  readonly readyState?: unknown;
  send?(text: string): void;
  emit?(event: string, data: unknown): void;
}

/** Words LockErrors for the protocol that they leave by, and nothing else. */
@Catch(AnyLockError)
export class LockExceptionFilter implements ExceptionFilter<LockError> {
  private readonly logger = new Logger('DistributedLock');

  constructor(private readonly http: HttpAdapterHost) {}

  catch(error: LockError, host: ArgumentsHost): unknown {
    this.log(error);
    switch (host.getType<string>()) {
      case 'http':
        return this.answerHttp(error, host);
      case 'rpc':
        return throwError(() => messageAnswer(error));
      case 'ws':
        return sendException(host.switchToWs().getClient<Client>(), messageAnswer(error));
      case 'graphql':
        return graphqlAnswer(error);
      default:
        // Not a protocol that has words for it.
        throw error;
    }
  }

  private answerHttp(error: LockError, host: ArgumentsHost): void {
    const adapter = this.http.httpAdapter;
    const response: unknown = host.switchToHttp().getResponse();
    if (adapter.isHeadersSent(response)) return void adapter.end(response);
    const { status, retryAfter, body } = httpAnswer(error);
    if (retryAfter !== undefined) adapter.setHeader(response, 'Retry-After', String(retryAfter));
    adapter.reply(response, body, status);
  }

  private log(error: LockError): void {
    const level = LEVELS[error.code];
    if (level === 'error') this.logger.error(error.message, error.stack);
    else this.logger[level](error.message);
  }
}

// As Nest's own filter sends it; a `ws` client has an `emit` too, which stays in this process.
function sendException(client: Client, data: object): void {
  if (typeof client.readyState === 'number') client.send?.(JSON.stringify({ event: 'exception', data }));
  else client.emit?.('exception', data);
}
