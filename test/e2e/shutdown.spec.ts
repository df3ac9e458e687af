import { once } from 'node:events';
import http from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type BeforeApplicationShutdown,
  Controller,
  Inject,
  Injectable,
  type OnApplicationShutdown,
  Post,
} from '@nestjs/common';
import {
  CurrentLock,
  DistributedLock,
  DistributedLockModule,
  LockHandle,
  LockClosedError,
  LockService,
  memoryStore,
} from 'nestjs-distributed-lock';
import { until } from '../support/until.js';
import { LockLog } from './support/lock-log.js';
import { compile, PLATFORMS, serve, type Served } from './support/platforms.js';
import { Stage } from './support/stage.js';

const stage = new Stage();
let log: LockLog;
const events: string[] = [];

beforeEach(() => {
  log = new LockLog();
  stage.reset();
  events.length = 0;
});
afterEach(() => log.stop());

@Injectable()
class Jobs {
  @DistributedLock('job', { waitTime: Infinity })
  async run(@CurrentLock() lock?: LockHandle): Promise<string> {
    lock?.signal.addEventListener('abort', () => events.push('told'));
    await stage.play();
    return 'done';
  }

  @DistributedLock('job')
  async again(): Promise<string> {
    return 'inside';
  }

  @DistributedLock('outer')
  async outer(): Promise<string> {
    await stage.play();
    return this.nested();
  }

  @DistributedLock('outer')
  async nested(): Promise<string> {
    return 'nested';
  }
}

@Controller()
class Votes {
  @Post()
  @DistributedLock('vote', { waitTime: Infinity })
  async vote(): Promise<string> {
    await stage.play();
    return 'voted';
  }
}

/** Where the shutdown stands, as other providers see it. */
@Injectable()
class Phases implements BeforeApplicationShutdown, OnApplicationShutdown {
  constructor(@Inject(LockService) private readonly locks: LockService) {}
  beforeApplicationShutdown(): void {
    events.push('before');
  }
  onApplicationShutdown(): void {
    events.push(`holders ${this.locks.current('job') ? 1 : 0}`);
  }
}

const parts = (shutdownTimeout: `${number}ms` | `${number}s`) => ({
  imports: [DistributedLockModule.forRoot({ store: memoryStore(), shutdownTimeout })],
  providers: [Jobs, Phases],
});

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => ({ value }),
    (error: unknown) => error,
  );
}

describe('when the application closes', () => {
  it('waiters are told at once, holders may finish, and what they hold may be entered again', async () => {
    const module = await (await compile(parts('30s'))).init();
    const jobs = module.get(Jobs);
    stage.shut();
    const holders = [jobs.run(), jobs.outer()];
    await stage.hasEntered(2);
    const waiters = Array.from({ length: 5 }, () => rejection(jobs.run()));
    const closing = module.close();
    for (const waiter of waiters) expect(await waiter).toBeInstanceOf(LockClosedError);
    expect(await rejection(jobs.run())).toBeInstanceOf(LockClosedError);
    expect(log.count('released job')).toBe(0);
    stage.open();
    expect(await Promise.all(holders)).toEqual(['done', 'nested']);
    await closing;
    expect(log.entries.filter((entry) => entry.startsWith('released')).toSorted()).toEqual([
      'released job',
      'released outer',
    ]);
    expect(events).not.toContain('told');
  });

  it('holders that do not finish in time are told, and their locks are free for others', async () => {
    const store = memoryStore();
    const imports = [DistributedLockModule.forRoot({ store, shutdownTimeout: '20ms' })];
    const closing = await (await compile({ imports, providers: [Jobs] })).init();
    const other = await (
      await compile({ imports: [DistributedLockModule.forRoot({ store })], providers: [Jobs] })
    ).init();
    stage.shut();
    const late = rejection(closing.get(Jobs).run());
    await stage.hasEntered(1);
    const next = other.get(Jobs).run();
    await closing.close();
    expect(events).toEqual(['told']);
    await stage.hasEntered(2);
    stage.open();
    expect(await next).toBe('done');
    expect(await late).toMatchObject({ code: 'LOCK_LOST', cause: { code: 'LOCK_CLOSED' } });
    await other.close();
  });

  it('locks are refused after it', async () => {
    const module = await (await compile(parts('1s'))).init();
    await module.close();
    expect(await rejection(module.get(Jobs).run())).toBeInstanceOf(LockClosedError);
    expect(await rejection(module.get(LockService).acquire('x'))).toBeInstanceOf(LockClosedError);
    expect(stage.entered).toBe(0);
  });

  it('a module that was never initialised closes too', async () => {
    const module = await compile(parts('1s'));
    await module.close();
    expect(events).toEqual(['before', 'holders 0']);
  });
});

/** A request on a connection of its own that ends with it: none is kept alive, for which a closing server would wait. */
async function post(
  url: string,
): Promise<{ status: number | undefined; retryAfter: string | undefined; text: string }> {
  const request = http.request(url, { method: 'POST', agent: false });
  request.end();
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  const { statusCode: status, headers } = response;
  return { status, retryAfter: headers['retry-after'], text: await text(response) };
}

function isRefusal(outcome: unknown): boolean {
  return (outcome as { code?: string }).code === 'ECONNREFUSED';
}

describe.each(PLATFORMS)('a server that closes, on %s', (platform) => {
  it('answers a request that holds in full, and one that waits by 503: it does not wait for it', async () => {
    const served: Served = await serve(
      platform,
      { ...parts('30s'), controllers: [Votes] },
      { keepsConnections: true },
    );
    stage.shut();
    const holder = post(served.url);
    await stage.hasEntered(1);
    const waiter = post(served.url);
    await until('both are there', () => served.requests() === 2);
    const closing = served.app.close();
    const refused = await waiter;
    expect([refused.status, refused.retryAfter]).toEqual([503, '1']);
    expect(JSON.parse(refused.text)).toMatchObject({ code: 'LOCK_CLOSED' });
    stage.open();
    expect((await holder).text).toBe('voted');
    await closing;
    expect(log.entries.slice(-1)).toEqual(['released vote']);
  });

  it('stops listening while a job still holds its lock', async () => {
    const served = await serve(platform, parts('30s'), { keepsConnections: true });
    stage.shut();
    const job = served.app.get(Jobs).run();
    await stage.hasEntered(1);
    const closing = served.app.close();
    await until('nobody listens', async () => isRefusal(await rejection(post(served.url))));
    expect(log.entries).toEqual(['granted job']);
    stage.open();
    expect(await job).toBe('done');
    await closing;
    expect(log.entries).toEqual(['granted job', 'released job']);
  });
});
