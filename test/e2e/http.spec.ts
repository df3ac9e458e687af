import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Body,
  Controller,
  createParamDecorator,
  type ExecutionContext,
  Param,
  ParseIntPipe,
  Post,
  Query,
  Scope,
  ValidationPipe,
  Injectable,
  Inject,
} from '@nestjs/common';
import { Type } from 'class-transformer';
import { IsInt } from 'class-validator';
import {
  CurrentLock,
  DistributedLock,
  DistributedLockModule,
  LockHandle,
  LockKey,
  LockService,
  memoryStore,
} from 'nestjs-distributed-lock';
import { LockLog } from './support/lock-log.js';
import { PLATFORMS, send, serve, type Served } from './support/platforms.js';
import { Stage } from './support/stage.js';

const stage = new Stage();

class Vote {
  @IsInt()
  @Type(() => Number)
  userSeq!: number;
}

const User = createParamDecorator((_: unknown, context: ExecutionContext) => ({
  id: String(context.switchToHttp().getRequest<{ headers: Record<string, string> }>().headers['x-user']),
}));

@Injectable()
class VoteService {
  @DistributedLock('vote:#<userSeq>')
  async vote(userSeq: number): Promise<string> {
    await stage.play();
    return `voted ${userSeq}`;
  }

  @DistributedLock('busy', { waitTime: 0 })
  async hold(): Promise<string> {
    await stage.play();
    return 'held';
  }
}

@Injectable({ scope: Scope.REQUEST })
class RequestScoped {
  readonly id = Math.random();

  @DistributedLock('vote:#<userSeq>')
  async work(userSeq: string): Promise<object> {
    await stage.play();
    return { id: this.id, userSeq };
  }
}

@Controller({ path: 'scoped', scope: Scope.REQUEST })
class ScopedController {
  readonly id = Math.random();

  constructor(@Inject(RequestScoped) private readonly inner: RequestScoped) {}

  @Post(':userSeq')
  @DistributedLock('vote:#<userSeq>')
  async go(@Param('userSeq') userSeq: string): Promise<object> {
    await stage.play();
    return { outer: this.id, inner: await this.inner.work(userSeq) };
  }
}

@Controller()
class VoteController {
  constructor(
    @Inject(VoteService) private readonly votes: VoteService,
    @Inject(LockService) private readonly locks: LockService,
  ) {}

  @Post('votes/:id')
  @DistributedLock('vote:#<userSeq>')
  async vote(@Param('id', ParseIntPipe) userSeq: number): Promise<string> {
    await stage.play();
    return `voted ${userSeq}`;
  }

  @DistributedLock('vote:#<vote.userSeq>')
  @Post('dto')
  async dto(@Body(new ValidationPipe({ transform: true })) vote: Vote): Promise<object> {
    await stage.play();
    return { isDto: vote instanceof Vote };
  }

  @Post('user')
  @DistributedLock('vote:#<me.id>')
  async user(@User() me: { id: string }): Promise<string> {
    await stage.play();
    return me.id;
  }

  @Post('named-by-request/:userSeq')
  @DistributedLock('vote:#<userSeq>')
  async namedByRequest(@Param('userSeq') other: string): Promise<string> {
    await stage.play();
    return other;
  }

  @Post('function')
  @DistributedLock((vote: { userSeq: number }) => `vote:${vote.userSeq}`)
  async byFunction(@Body() vote: { userSeq: number }): Promise<string> {
    await stage.play();
    return String(vote.userSeq);
  }

  @Post('named-by-hand')
  @DistributedLock('vote:#<seq>')
  async namedByHand(@Body('userSeq') @LockKey('seq') { length }: string): Promise<string> {
    await stage.play();
    return String(length);
  }

  @Post('fail/:id')
  @DistributedLock('vote:#<id>')
  async fail(@Param('id') id: string): Promise<string> {
    throw new Error(`boom ${id}`);
  }

  @Post('sync-fail')
  @DistributedLock('vote')
  syncFail(): Promise<string> {
    throw new Error('boom');
  }

  @Post('service/:id')
  async service(@Param('id', ParseIntPipe) id: number): Promise<string> {
    return this.votes.vote(id);
  }

  @Post('nested/:id')
  @DistributedLock('vote:#<id>')
  async nested(@Param('id', ParseIntPipe) id: number): Promise<string> {
    return this.votes.vote(id);
  }

  @Post('busy')
  undecorated(): Promise<string> {
    return this.votes.hold();
  }

  @Post('busy-handler')
  @DistributedLock('busy', { waitTime: 0 })
  async decorated(): Promise<string> {
    await stage.play();
    return 'held';
  }

  @Post('skip')
  @DistributedLock('busy', { whenBusy: 'skip' })
  async skip(): Promise<string> {
    return 'done';
  }

  @Post('instead')
  @DistributedLock('busy', {
    whenBusy(this: VoteController, name: string) {
      return { busy: name, isThis: this instanceof VoteController };
    },
  })
  async instead(@Query('name') name: string): Promise<object> {
    return { name };
  }

  @Post('current/:id')
  @DistributedLock('vote:#<id>')
  async current(@Param('id') id: string, @CurrentLock() lock: LockHandle): Promise<object> {
    return { id, key: lock.key, isHeld: lock.isHeld, isCurrent: this.locks.current()?.owner === lock.owner };
  }

  @Post('only-current')
  @DistributedLock('only')
  async onlyCurrent(@CurrentLock() lock: LockHandle): Promise<string> {
    return lock.key;
  }
}

describe.each(PLATFORMS)('handlers on %s', (platform) => {
  let served: Served;
  let log: LockLog;
  const post = (path: string, body?: unknown, headers = {}) => send(served.url + path, { body, headers });

  beforeAll(async () => {
    served = await serve(platform, {
      imports: [DistributedLockModule.forRoot({ store: memoryStore() })],
      controllers: [VoteController, ScopedController],
      providers: [VoteService, RequestScoped],
    });
    log = new LockLog();
  });
  afterAll(async () => {
    log.stop();
    await served.app.close();
  });
  beforeEach(() => {
    stage.reset();
    log.clear();
    served.log.lines.length = 0;
  });

  it('lock what the method really gets, in whatever form the request names it, once a call', async () => {
    const answers = await Promise.all([
      post('/votes/7'),
      post('/votes/07'),
      post('/votes/007'),
      post('/dto', { userSeq: 7 }),
      post('/dto', { userSeq: '07' }),
      post('/user', undefined, { 'x-user': '7' }),
      post('/named-by-request/7'),
      post('/function', { userSeq: 7 }),
      post('/named-by-hand', { userSeq: 7 }),
      post('/service/7'),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(201));
    expect(answers[3]!.json()).toEqual({ isDto: true });
    expect(stage.most).toBe(1);
    expect(log.count('granted vote:7')).toBe(10);
    expect(log.count('released vote:7')).toBe(10);
    expect(log.entries).toHaveLength(20);
  });

  it('let different voters vote at once', async () => {
    stage.shut();
    const both = [post('/votes/1'), post('/votes/2')];
    await stage.hasEntered(2);
    stage.open();
    await Promise.all(both);
    expect(stage.most).toBe(2);
  });

  it('take no lock for input that their pipes refuse', async () => {
    expect((await post('/votes/x')).status).toBe(400);
    expect((await post('/dto', { userSeq: 'x' })).status).toBe(400);
    expect(log.entries).toEqual([]);
  });

  it('answer 400 where the key has no value, and say why only in the log', async () => {
    const answer = await post('/named-by-hand', {});
    expect(answer.status).toBe(400);
    expect(answer.json()).toEqual({
      statusCode: 400,
      code: 'LOCK_KEY',
      message: 'The request has no usable value for its lock.',
    });
    expect(served.log.at('warn')).toEqual([
      expect.stringContaining(
        'warn @DistributedLock on VoteController.namedByHand: #<seq> is undefined in this call',
      ),
    ]);
    expect(log.entries).toEqual([]);
  });

  it('release when the method fails, and let its own error win', async () => {
    expect((await post('/fail/7')).status).toBe(500);
    expect((await post('/sync-fail')).status).toBe(500);
    expect(log.entries).toEqual(['granted vote:7', 'released vote:7', 'granted vote', 'released vote']);
    expect(served.log.at('error').join()).toContain('boom 7');
  });

  it('have released before the answer of a promise arrives', async () => {
    for (let i = 0; i < 20; i++) expect((await post('/busy-handler')).status).toBe(201);
  });

  it('re-enter where they call a service with the same key', async () => {
    expect((await post('/nested/7')).text).toBe('voted 7');
    expect(log.entries).toEqual(['granted vote:7', 'released vote:7']);
  });

  it('give every request its own instances, all under the one lock', async () => {
    const answers = await Promise.all([post('/scoped/7'), post('/scoped/7'), post('/scoped/7')]);
    const seen = answers.map((answer) => answer.json() as { outer: number; inner: { id: number } });
    expect(new Set(seen.map(({ outer }) => outer)).size).toBe(3);
    expect(new Set(seen.map(({ inner }) => inner.id)).size).toBe(3);
    expect(stage.most).toBe(1);
    expect(log.count('granted vote:7')).toBe(3);
    expect(log.count('released vote:7')).toBe(3);
  });

  it.each(['/busy-handler', '/busy'])(
    'answer 423 with Retry-After from %s, without a word of the key',
    async (path) => {
      stage.shut();
      const holder = post('/busy-handler');
      await stage.hasEntered(1);
      const refused = await post(path);
      stage.open();
      expect((await holder).status).toBe(201);
      expect(refused.status).toBe(423);
      expect(refused.json()).toEqual({
        statusCode: 423,
        code: 'LOCK_TIMEOUT',
        message: 'The resource is locked by another request.',
      });
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      expect(served.log.at('error')).toEqual([]);
      expect(served.log.at('warn')).toEqual([]);
    },
  );

  it('skip, or call the function in their place, where the lock is busy', async () => {
    stage.shut();
    const holder = post('/busy-handler');
    await stage.hasEntered(1);
    const skipped = await post('/skip');
    const instead = await post('/instead?name=a');
    stage.open();
    await holder;
    expect([skipped.status, skipped.text]).toEqual([201, '']);
    expect(instead.json()).toEqual({ busy: 'a', isThis: true });
    expect((await post('/skip')).text).toBe('done');
    expect((await post('/instead?name=a')).json()).toEqual({ name: 'a' });
  });

  it('get the hold as a parameter, after the pipes', async () => {
    expect((await post('/current/7')).json()).toEqual({
      id: '7',
      key: 'vote:7',
      isHeld: true,
      isCurrent: true,
    });
    expect((await post('/only-current')).text).toBe('only');
  });
});
