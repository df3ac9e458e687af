import { afterEach, describe, expect, it } from '@jest/globals';
import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  HttpException,
  type INestApplication,
  Inject,
  type ModuleMetadata,
  NotFoundException,
  UseFilters,
} from '@nestjs/common';
import { APP_FILTER, BaseExceptionFilter, HttpAdapterHost } from '@nestjs/core';
import {
  DistributedLock,
  DistributedLockModule,
  isLockError,
  LockClosedError,
  LockConfigError,
  LockError,
  LockKeyError,
  LockLostError,
  LockStoreError,
  LockTimeoutError,
  LockUnsupportedError,
  LockUpgradeError,
  memoryStore,
} from 'nestjs-distributed-lock';
import { PLATFORMS, send, serve, type Served } from './support/platforms.js';

let served: Served | undefined;
let thrown: Error;
afterEach(() => served?.app.close());

@Controller()
class Throwing {
  @Get()
  get(): never {
    throw thrown;
  }
}

/** As many applications have one: every error, worded their own way. */
@Catch()
class Everything implements ExceptionFilter {
  constructor(@Inject(HttpAdapterHost) private readonly http: HttpAdapterHost) {}
  catch(error: unknown, host: ArgumentsHost): void {
    const status =
      error instanceof HttpException ? error.getStatus() : isLockError(error) ? error.status : 500;
    this.http.httpAdapter.reply(
      host.switchToHttp().getResponse(),
      { own: isLockError(error) && error.code },
      status,
    );
  }
}

@Catch(LockTimeoutError)
class OnlyTimeouts extends BaseExceptionFilter {
  override catch(_: unknown, host: ArgumentsHost): void {
    // oxlint-disable-next-line promise/valid-params -- a filter's method
    super.catch(new NotFoundException('hidden'), host);
  }
}

interface Boot extends ModuleMetadata {
  readonly exceptionFilter?: boolean;
  readonly prepare?: (app: INestApplication) => void;
}

async function boot({ exceptionFilter = true, prepare, ...more }: Boot = {}): Promise<void> {
  const imports = [DistributedLockModule.forRoot({ store: memoryStore(), exceptionFilter })];
  served = await serve('express', { imports, controllers: [Throwing], ...more }, prepare ? { prepare } : {});
}

const get = async (): Promise<{ status: number; body: unknown; retryAfter: string | null }> => {
  const { status, json, headers } = await send(served!.url, { method: 'GET' });
  return { status, body: json(), retryAfter: headers.get('retry-after') };
};

const timeout = (retryAfterMs?: number): LockTimeoutError =>
  new LockTimeoutError('Lock "vote:7" is still held', { key: 'vote:7', waitedMs: 5000, retryAfterMs });
const store = { store: 'redis', operation: 'acquire', cause: new Error('ECONNREFUSED 10.0.0.7') };

describe.each(PLATFORMS)('a LockError on %s', (platform) => {
  it.each([
    [timeout(), 423, '1', 'The resource is locked by another request.', 'debug'],
    [timeout(2_500), 423, '3', 'The resource is locked by another request.', 'debug'],
    [timeout(1), 423, '1', 'The resource is locked by another request.', 'debug'],
    [new LockStoreError('secret', store), 503, '1', 'The lock service is not available.', 'error'],
    [new LockClosedError('secret'), 503, '1', 'The service is shutting down.', 'debug'],
    [new LockKeyError('secret'), 400, null, 'The request has no usable value for its lock.', 'warn'],
    [
      new LockLostError('secret', { fencingToken: 1 }),
      500,
      null,
      'The lock was lost before the work was done.',
      'error',
    ],
    [new LockUpgradeError('secret'), 500, null, 'The lock is used in a way that cannot be granted.', 'error'],
    [
      new LockUnsupportedError('secret', { store: 'x' }),
      500,
      null,
      'The lock is used in a way that cannot be granted.',
      'error',
    ],
    [
      new LockConfigError('secret', { option: 'x' }),
      500,
      null,
      'The lock is not configured correctly.',
      'error',
    ],
  ])(
    '%p is answered by status, code and a short text, and told to the log once',
    async (error, ...[status, retryAfter, message, level]) => {
      thrown = error;
      served = await serve(platform, {
        imports: [DistributedLockModule.forRoot({ store: memoryStore() })],
        controllers: [Throwing],
      });
      expect(await get()).toEqual({
        status,
        retryAfter,
        body: { statusCode: status, code: error.code, message },
      });
      expect(served.log.lines).toEqual([`${level} ${error.message}`]);
    },
  );
});

describe('the exception filter', () => {
  it('knows the errors of a second copy of the package', async () => {
    const copy = Object.assign(new Error('x'), {
      code: 'LOCK_TIMEOUT',
      status: 423,
      publicMessage: 'locked',
    });
    thrown = Object.defineProperty(copy, Symbol.for('nestjs-distributed-lock:error'), { value: true });
    expect(thrown).not.toBeInstanceOf(LockError);
    await boot();
    expect(await get()).toEqual({
      status: 423,
      retryAfter: '1',
      body: { statusCode: 423, code: 'LOCK_TIMEOUT', message: 'locked' },
    });
  });

  it('leaves every other error alone', async () => {
    await boot();
    thrown = new NotFoundException('no such poll');
    expect(await get()).toMatchObject({ status: 404, body: { message: 'no such poll' } });
    thrown = new Error('boom');
    expect(await get()).toMatchObject({ status: 500, body: { message: 'Internal server error' } });
    expect(served!.log.lines).toEqual([expect.stringContaining('boom')]);
  });

  it('leaves the word to a global filter of the application', async () => {
    await boot({ prepare: (app) => void app.useGlobalFilters(new Everything(app.get(HttpAdapterHost))) });
    thrown = timeout();
    expect(await get()).toMatchObject({ status: 423, body: { own: 'LOCK_TIMEOUT' } });
  });

  it('leaves the word to a filter of the class', async () => {
    @Controller()
    @UseFilters(OnlyTimeouts)
    class Filtered extends Throwing {}
    await boot({ controllers: [Filtered] });
    thrown = timeout();
    expect((await get()).status).toBe(404);
    thrown = new LockClosedError('x');
    expect((await get()).status).toBe(503);
  });

  it('can be turned off: then a filter of the application, or Nest itself, answers', async () => {
    await boot({ exceptionFilter: false, providers: [{ provide: APP_FILTER, useClass: Everything }] });
    thrown = timeout();
    expect(await get()).toMatchObject({ status: 423, body: { own: 'LOCK_TIMEOUT' } });
    await served!.app.close();
    await boot({ exceptionFilter: false });
    expect((await get()).status).toBe(423);
  });

  it('ends an answer that has begun', async () => {
    @Controller()
    class Begun {
      @Get()
      @DistributedLock('begun')
      get(): Promise<never> {
        throw thrown;
      }
    }
    const begin = (_: unknown, response: { write(text: string): void }, next: () => void): void => {
      response.write('begun');
      next();
    };
    await boot({ controllers: [Begun], prepare: (app) => void app.use(begin) });
    thrown = timeout();
    const answer = await send(served!.url, { method: 'GET' });
    expect([answer.status, answer.text]).toEqual([200, 'begun']);
  });
});
