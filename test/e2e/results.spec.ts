import { PassThrough } from 'node:stream';
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type CallHandler,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  type NestInterceptor,
  Param,
  Post,
  RequestTimeoutException,
  Res,
  Sse,
  StreamableFile,
  UseInterceptors,
} from '@nestjs/common';
import {
  CurrentLock,
  DistributedLock,
  DistributedLockModule,
  LockHandle,
  LockService,
  memoryStore,
} from 'nestjs-distributed-lock';
import { concatMap, from, map, merge, type Observable, retry, Subject, take } from 'rxjs';
import { until } from '../support/until.js';
import { LockLog } from './support/lock-log.js';
import { PLATFORMS, send, serve, type Served } from './support/platforms.js';
import { Stage } from './support/stage.js';

const stage = new Stage();
const commit = new Stage();
let log: LockLog;
/** What the handlers below return, for the test to go on with. */
let source = new Subject<string>();
let stream = new PassThrough();
let giveUp = new Subject<void>();
let attempts = 0;
let held: LockHandle | undefined;

/** A transaction, as an interceptor of the method does it. */
@Injectable()
class Transaction implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    log.note('begin');
    return next.handle().pipe(
      concatMap(async (value: unknown) => {
        await new Promise(setImmediate);
        log.note('commit');
        return value;
      }),
    );
  }
}

/** Its end takes as long as the test wants. */
@Injectable()
class SlowCommit implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      concatMap(async (value: unknown) => {
        log.note('commit');
        await commit.play();
        return value;
      }),
    );
  }
}

@Injectable()
class Again implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(retry(1));
  }
}

/** A time-out around everything, whose moment the test chooses. */
@Injectable()
class GiveUp implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    const late = giveUp.pipe(
      map(() => {
        throw new RequestTimeoutException();
      }),
    );
    return merge(next.handle(), late).pipe(take(1));
  }
}

@Controller()
class Results {
  @Post('probe/:key')
  @DistributedLock('#<key>', { waitTime: 0 })
  async probe(@Param('key') key: string): Promise<string> {
    return key;
  }

  @Get('promise')
  @DistributedLock('promise', { fair: true })
  async promise(@CurrentLock() lock: LockHandle): Promise<string> {
    held = lock;
    await stage.play();
    return 'done';
  }

  @Get('failing')
  @DistributedLock('failing')
  async failing(@CurrentLock() lock: LockHandle): Promise<string> {
    held = lock;
    await stage.play();
    throw new RequestTimeoutException('mine');
  }

  @Get('observable')
  @DistributedLock('observable')
  observable(): Observable<string> {
    stage.entered++;
    return source;
  }

  @Get('promised-observable')
  @DistributedLock('promised-observable')
  async promisedObservable(): Promise<Observable<string>> {
    stage.entered++;
    return source;
  }

  @Sse('sse')
  @DistributedLock('sse', { fair: true })
  sse(): Observable<string> {
    stage.entered++;
    return source;
  }

  @Sse('sse-skip')
  @DistributedLock('sse', { whenBusy: 'skip' })
  sseSkip(): Observable<string> {
    return from(['not skipped']);
  }

  @Sse('sse-busy')
  @DistributedLock('sse', { waitTime: '20ms' })
  sseBusy(): Observable<string> {
    return from(['not busy']);
  }

  @Get('file')
  @DistributedLock('file')
  async file(): Promise<StreamableFile> {
    return new StreamableFile(stream);
  }

  @Get('response')
  @DistributedLock('response', { holdUntil: 'response' })
  async response(@Res() res: ServerResponse & { raw?: ServerResponse }): Promise<void> {
    const raw = res.raw ?? res;
    raw.write('begun');
    stream.pipe(raw);
  }

  @Get('response-error')
  @DistributedLock('response-error', { holdUntil: 'response' })
  async responseError(): Promise<void> {
    throw new RequestTimeoutException();
  }

  @Post('transaction-below')
  @DistributedLock('tx')
  @UseInterceptors(Transaction)
  async transactionBelow(): Promise<string> {
    log.note('body');
    return 'x';
  }

  @Post('transaction-above')
  @UseInterceptors(Transaction)
  @DistributedLock('tx')
  async transactionAbove(): Promise<string> {
    log.note('body');
    return 'x';
  }

  @Get('commit')
  @DistributedLock('commit')
  @UseInterceptors(SlowCommit)
  async commit(@CurrentLock() lock: LockHandle): Promise<string> {
    held = lock;
    await stage.play();
    return 'x';
  }

  @Post('again')
  @UseInterceptors(Again)
  @DistributedLock('again', { waitTime: 0 })
  async again(): Promise<string> {
    attempts++;
    log.note('body');
    if (attempts === 1) throw new Error('first');
    return 'second';
  }
}

@Controller('impatient')
@UseInterceptors(GiveUp)
class Impatient {
  @Get('promise')
  @DistributedLock('promise', { waitTime: Infinity, fair: true })
  async promise(): Promise<string> {
    await stage.play();
    return 'done';
  }
}

describe.each(PLATFORMS)('the lock of a handler on %s', (platform) => {
  let served: Served;
  const get = (path: string, signal?: AbortSignal) => fetch(served.url + path, { signal: signal ?? null });
  const isHeld = async (key: string): Promise<boolean> =>
    (await send(`${served.url}/probe/${key}`)).status === 423;
  const isFreed = (key: string): Promise<boolean> =>
    until(`"${key}" is free`, async () => !(await isHeld(key)));
  const locks = (): LockService => served.app.get(LockService);

  beforeAll(async () => {
    served = await serve(platform, {
      imports: [DistributedLockModule.forRoot({ store: memoryStore() })],
      controllers: [Results, Impatient],
    });
    log = new LockLog();
  });
  afterAll(async () => {
    log.stop();
    await served.app.close();
  });
  beforeEach(() => {
    stage.reset();
    commit.reset();
    log.clear();
    source = new Subject();
    stream = new PassThrough();
    giveUp = new Subject();
    attempts = 0;
    served.log.lines.length = 0;
  });

  it.each(['observable', 'promised-observable'])(
    'holds to the last value of an Observable (%s)',
    async (key) => {
      const answer = get(`/${key}`);
      await stage.hasEntered(1);
      source.next('a');
      expect(await isHeld(key)).toBe(true);
      source.next('b');
      source.complete();
      expect(await (await answer).text()).toBe('b');
      expect(await isHeld(key)).toBe(false);
      expect(log.count(`granted ${key}`)).toBe(2);
    },
  );

  it('ends with an Observable that fails', async () => {
    const answer = get('/observable');
    await stage.hasEntered(1);
    source.error(new RequestTimeoutException());
    expect((await answer).status).toBe(408);
    expect(await isHeld('observable')).toBe(false);
  });

  it('holds to the end of server-sent events', async () => {
    const answer = await get('/sse');
    await stage.hasEntered(1);
    source.next('a');
    expect(await isHeld('sse')).toBe(true);
    source.complete();
    expect(await answer.text()).toContain('data: a');
    expect(await isHeld('sse')).toBe(false);
  });

  it('ends with server-sent events whose client goes away', async () => {
    const client = new AbortController();
    await get('/sse', client.signal);
    await stage.hasEntered(1);
    expect(await isHeld('sse')).toBe(true);
    client.abort();
    await isFreed('sse');
    expect(source.observed).toBe(false);
  });

  it('withdraws the request of server-sent events whose client goes away', async () => {
    await locks().withLock('sse', async () => {
      const client = new AbortController();
      await get('/sse', client.signal);
      await until('it waits', async () => (await locks().inspect('sse')).waiters === 1);
      client.abort();
      await until('it waits no more', async () => (await locks().inspect('sse')).waiters === 0);
    });
    expect(await isHeld('sse')).toBe(false);
    expect(stage.entered).toBe(0);
  });

  it('sends no event where busy is skipped', async () => {
    await locks().withLock('sse', async () => {
      expect(await (await get('/sse-skip')).text()).not.toContain('data:');
    });
    expect(await (await get('/sse-skip')).text()).toContain('data: not skipped');
  });

  it('tells a client of server-sent events that it is busy, without a word of the key', async () => {
    await locks().withLock('sse', async () => {
      const text = await (await get('/sse-busy')).text();
      expect(text).toContain('The resource is locked by another request.');
      expect(text).not.toContain('"sse"');
    });
  });

  it('holds to the end of a file', async () => {
    stream.write('x');
    const answer = await get('/file');
    expect(await isHeld('file')).toBe(true);
    stream.end('y');
    expect(await answer.text()).toBe('xy');
    await isFreed('file');
  });

  it('ends with a file whose client goes away', async () => {
    stream.write('x');
    const client = new AbortController();
    await get('/file', client.signal);
    expect(await isHeld('file')).toBe(true);
    client.abort();
    await isFreed('file');
  });

  it('holds until the response is closed, where the handler writes it itself', async () => {
    const answer = await get('/response');
    expect(await isHeld('response')).toBe(true);
    stream.end('and done');
    expect(await answer.text()).toBe('begunand done');
    await isFreed('response');
  });

  it('ends with a response whose client goes away', async () => {
    const client = new AbortController();
    await get('/response', client.signal);
    expect(await isHeld('response')).toBe(true);
    client.abort();
    await isFreed('response');
  });

  it('ends with the response to an error', async () => {
    expect((await get('/response-error')).status).toBe(408);
    await isFreed('response-error');
  });

  it.each(['below', 'above'])('outlasts the commit of an interceptor written %s it', async (place) => {
    expect((await send(`${served.url}/transaction-${place}`)).text).toBe('x');
    expect(log.entries).toEqual(['begin', 'granted tx', 'body', 'commit', 'released tx']);
  });

  it('is the same while an interceptor tries the handler again', async () => {
    expect((await send(`${served.url}/again`)).text).toBe('second');
    expect(log.entries).toEqual(['granted again', 'body', 'body', 'released again']);
  });

  it('outlasts an answer that did not wait for the body', async () => {
    stage.shut();
    const answer = get('/impatient/promise');
    await stage.hasEntered(1);
    giveUp.next();
    expect((await answer).status).toBe(408);
    expect(await isHeld('promise')).toBe(true);
    stage.open();
    await isFreed('promise');
  });

  it('is not taken any more by a request that was given up', async () => {
    stage.shut();
    const holder = get('/promise');
    await stage.hasEntered(1);
    const answer = get('/impatient/promise');
    await until('it waits', async () => (await locks().inspect('promise')).waiters === 1);
    giveUp.next();
    expect((await answer).status).toBe(408);
    await until('it waits no more', async () => (await locks().inspect('promise')).waiters === 0);
    stage.open();
    expect((await holder).status).toBe(200);
    expect(await isHeld('promise')).toBe(false);
    expect(stage.entered).toBe(1);
  });

  it('is a 500 of its own where it was lost under a body that ended well', async () => {
    stage.shut();
    const answer = get('/promise');
    await stage.hasEntered(1);
    expect(await locks().forceRelease('promise')).toBe(true);
    await until('the holder is told', () => held?.signal.aborted);
    stage.open();
    expect((await answer).status).toBe(500);
    expect(await (await answer).json()).toEqual({
      statusCode: 500,
      code: 'LOCK_LOST',
      message: 'The lock was lost before the work was done.',
    });
    expect(served.log.at('error')).toEqual([expect.stringContaining('Lock "promise" was lost')]);
  });

  it('is told of its loss before an interceptor commits', async () => {
    stage.shut();
    const answer = get('/commit');
    await stage.hasEntered(1);
    await locks().forceRelease('commit');
    await until('the holder is told', () => held?.signal.aborted);
    stage.open();
    expect((await answer).status).toBe(500);
    expect(log.entries).toEqual(['granted commit', 'lost commit']);
  });

  it('is a 500 of its own where it was lost while an interceptor committed', async () => {
    commit.shut();
    const answer = get('/commit');
    await commit.hasEntered(1);
    await locks().forceRelease('commit');
    await until('the holder is told', () => held?.signal.aborted);
    commit.open();
    expect((await answer).status).toBe(500);
    expect(log.entries).toEqual(['granted commit', 'commit', 'lost commit']);
  });

  it('leaves the error of a body that failed, also where it was lost', async () => {
    stage.shut();
    const answer = get('/failing');
    await stage.hasEntered(1);
    await locks().forceRelease('failing');
    await until('the holder is told', () => held?.signal.aborted);
    stage.open();
    expect((await answer).status).toBe(408);
  });

  it('ends an Observable, events and a file with its loss: none may go on without it', async () => {
    const observable = get('/observable');
    await stage.hasEntered(1);
    await locks().forceRelease('observable');
    expect((await observable).status).toBe(500);
    expect(source.observed).toBe(false);

    const events = await get('/sse');
    await stage.hasEntered(2);
    await locks().forceRelease('sse');
    const text = await events.text();
    expect(text).toContain('event: error');
    expect(text).not.toContain('"sse"');
    expect(source.observed).toBe(false);

    stream.write('x');
    const file = await get('/file');
    await locks().forceRelease('file');
    await expect(file.text()).rejects.toThrow('terminated');
    expect(stream.destroyed).toBe(true);
  });
});
