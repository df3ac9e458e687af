import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  type INestApplication,
  type INestMicroservice,
  Inject,
  Injectable,
  ParseIntPipe,
} from '@nestjs/common';
import { ExternalContextCreator } from '@nestjs/core';
import {
  type ClientProxy,
  ClientProxyFactory,
  EventPattern,
  MessagePattern,
  Payload,
  Transport,
} from '@nestjs/microservices';
import { WsAdapter } from '@nestjs/platform-ws';
import { ConnectedSocket, MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import {
  CurrentLock,
  DistributedLock,
  DistributedLockModule,
  isLockError,
  LockHandle,
  LockService,
  memoryStore,
} from 'nestjs-distributed-lock';
import { lastValueFrom, type Observable, of, throwError, toArray } from 'rxjs';
import WebSocket from 'ws';
import { freePort } from '../support/free-port.js';
import { until } from '../support/until.js';
import { LockLog } from './support/lock-log.js';
import { compile, LogLines, send } from './support/platforms.js';
import { Stage } from './support/stage.js';

const stage = new Stage();
const BUSY = { status: 'error', code: 'LOCK_TIMEOUT', message: 'The resource is locked by another request.' };
const NO_KEY = {
  status: 'error',
  code: 'LOCK_KEY',
  message: 'The request has no usable value for its lock.',
};

@Injectable()
class Votes {
  @DistributedLock('busy', { waitTime: 0 })
  async vote(): Promise<string> {
    return 'voted';
  }
}

@Controller()
class Messages {
  constructor(@Inject(Votes) private readonly votes: Votes) {}

  @MessagePattern('plain')
  @DistributedLock('vote:#<data.userSeq>')
  async plain(data: { userSeq: number }): Promise<number> {
    await stage.play();
    return data.userSeq;
  }

  @DistributedLock('vote:#<userSeq>')
  @MessagePattern('piped')
  async piped(@Payload('userSeq', ParseIntPipe) userSeq: number): Promise<number> {
    await stage.play();
    return userSeq;
  }

  @MessagePattern('current')
  @DistributedLock('vote:#<data.userSeq>')
  async current(data: { userSeq: number }, @CurrentLock() lock?: LockHandle): Promise<string> {
    return `${data.userSeq} ${lock?.key}`;
  }

  @MessagePattern('stream')
  @DistributedLock('stream')
  stream(): Observable<number> {
    return of(1, 2);
  }

  @EventPattern('event')
  @DistributedLock('event:#<data>')
  async event(data: string): Promise<void> {
    log.note(`heard ${data}`);
  }

  @MessagePattern('decorated')
  @DistributedLock('busy', { waitTime: 0 })
  async decorated(): Promise<string> {
    return 'voted';
  }

  @MessagePattern('undecorated')
  undecorated(): Promise<string> {
    return this.votes.vote();
  }

  @Get('over-http')
  overHttp(): Promise<string> {
    return this.votes.vote();
  }
}

@WebSocketGateway()
class Gateway {
  constructor(@Inject(Votes) private readonly votes: Votes) {}

  @SubscribeMessage('plain')
  @DistributedLock('vote:#<data.userSeq>')
  async plain(_: unknown, data: { userSeq: number }): Promise<object> {
    await stage.play();
    return { event: 'done', data: data.userSeq };
  }

  @SubscribeMessage('piped')
  @DistributedLock('vote:#<userSeq>')
  async piped(@MessageBody('userSeq', ParseIntPipe) userSeq: number): Promise<object> {
    await stage.play();
    return { event: 'done', data: userSeq };
  }

  @SubscribeMessage('current')
  @DistributedLock('vote:#<userSeq>')
  async current(
    @MessageBody('userSeq') userSeq: number,
    @ConnectedSocket() client: WebSocket,
    @CurrentLock() lock: LockHandle,
  ): Promise<object> {
    return { event: 'done', data: `${userSeq} ${client.readyState} ${lock.key}` };
  }

  @SubscribeMessage('stream')
  @DistributedLock('stream')
  stream(): Observable<object> {
    return of({ event: 'done', data: 1 }, { event: 'done', data: 2 });
  }

  @SubscribeMessage('decorated')
  @DistributedLock('busy', { waitTime: 0 })
  async decorated(): Promise<object> {
    return { event: 'done', data: 'voted' };
  }

  @SubscribeMessage('undecorated')
  async undecorated(): Promise<object> {
    return { event: 'done', data: await this.votes.vote() };
  }
}

let log: LockLog;
let lines: LogLines;
beforeAll(() => {
  log = new LockLog();
  lines = new LogLines();
});
afterAll(() => log.stop());
beforeEach(() => {
  stage.reset();
  log.clear();
  lines.lines.length = 0;
});

const parts = {
  imports: [DistributedLockModule.forRoot({ store: memoryStore() })],
  controllers: [Messages],
  providers: [Votes, Gateway],
};

/** The three ways to a microservice: global filters of Nest reach the first two only. */
describe.each(['alone', 'hybrid that inherits', 'hybrid that does not'])('over TCP, %s', (kind) => {
  let app: INestMicroservice | INestApplication;
  let client: ClientProxy;
  let http: string | undefined;
  const ask = (pattern: string, data: unknown = {}): Promise<unknown> =>
    lastValueFrom(client.send(pattern, data));
  const failure = (pattern: string, data?: unknown): Promise<unknown> =>
    ask(pattern, data).then(
      (value) => ({ value }),
      (error: unknown) => error,
    );

  beforeAll(async () => {
    const options = {
      transport: Transport.TCP as const,
      options: { host: '127.0.0.1', port: await freePort() },
    };
    const module = await compile({ ...parts, providers: [Votes] }, lines);
    if (kind === 'alone') {
      app = module.createNestMicroservice(options);
      await app.listen();
    } else {
      const hybrid = module.createNestApplication({ forceCloseConnections: true });
      hybrid.connectMicroservice(options, { inheritAppConfig: kind === 'hybrid that inherits' });
      await hybrid.startAllMicroservices();
      await hybrid.listen(0, '127.0.0.1');
      http = await hybrid.getUrl();
      app = hybrid;
    }
    client = ClientProxyFactory.create(options);
  });
  afterAll(async () => {
    await client.close();
    await app.close();
  });

  it('locks once a message, with and without decorated parameters', async () => {
    expect(
      await Promise.all([
        ask('plain', { userSeq: 7 }),
        ask('piped', { userSeq: '07' }),
        ask('piped', { userSeq: 7 }),
      ]),
    ).toEqual([7, 7, 7]);
    expect(stage.most).toBe(1);
    expect(log.entries).toHaveLength(6);
    expect(log.count('released vote:7')).toBe(3);
  });

  it('hands the hold to a handler', async () => {
    expect(await ask('current', { userSeq: 7 })).toBe('7 vote:7');
  });

  it('holds to the last value of a stream, and for the time of an event', async () => {
    expect(await lastValueFrom(client.send('stream', {}).pipe(toArray()))).toEqual([1, 2]);
    await lastValueFrom(client.emit('event', 'x'), { defaultValue: undefined });
    await until('the event is done', () => log.count('released event:x') === 1);
    expect(log.entries).toEqual([
      'granted stream',
      'released stream',
      'granted event:x',
      'heard x',
      'released event:x',
    ]);
  });

  it('answers a refusal as an RpcException, also from a handler without decorator', async () => {
    await using _ = await app.get(LockService).acquire('busy');
    expect(await failure('decorated')).toEqual(BUSY);
    expect(await failure('undecorated')).toEqual(BUSY);
    expect(await failure('plain', {})).toEqual(NO_KEY);
    expect(lines.at('error')).toEqual([]);
    expect(lines.at('warn')).toEqual([
      expect.stringContaining('@DistributedLock on Messages.plain: #<data.userSeq>'),
    ]);
  });

  it('answers 423 where the same class is asked over HTTP', async () => {
    await using _ = await app.get(LockService).acquire('busy');
    const answer = http === undefined ? undefined : await send(`${http}/over-http`, { method: 'GET' });
    expect([undefined, 423]).toContain(answer?.status);
    expect(answer === undefined).toBe(kind === 'alone');
  });
});

/** As an application has one for its microservice. */
@Catch()
class Everything implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): Observable<never> | undefined {
    if (host.getType() === 'rpc') return throwError(() => ({ own: isLockError(error) }));
    host
      .switchToHttp()
      .getResponse<Response>()
      .status(418)
      .json({ own: isLockError(error) });
    return undefined;
  }
}

interface Response {
  status(code: number): { json(body: object): void };
}

describe('a global filter of the application', () => {
  it('has the word over TCP', async () => {
    const options = {
      transport: Transport.TCP as const,
      options: { host: '127.0.0.1', port: await freePort() },
    };
    const app = (await compile({ ...parts, providers: [Votes] }, lines)).createNestMicroservice(options);
    app.useGlobalFilters(new Everything());
    await app.listen();
    const client = ClientProxyFactory.create(options);
    await using _ = await app.get(LockService).acquire('busy');
    const asked = ['decorated', 'undecorated'].map((pattern) => lastValueFrom(client.send(pattern, {})));
    for (const result of await Promise.allSettled(asked))
      expect(result).toMatchObject({ reason: { own: true } });
    await _.release();
    await client.close();
    await app.close();
  });

  it('has the word over HTTP, in a class that also hears messages', async () => {
    const app = (await compile({ ...parts, providers: [Votes] }, lines)).createNestApplication();
    app.useGlobalFilters(new Everything());
    await app.listen(0, '127.0.0.1');
    const lock = await app.get(LockService).acquire('busy');
    const answer = await send(`${await app.getUrl()}/over-http`, { method: 'GET' });
    expect([answer.status, answer.json()]).toEqual([418, { own: true }]);
    await lock.release();
    await app.close();
  });
});

describe('over WebSockets', () => {
  let app: INestApplication;
  let url: string;

  beforeAll(async () => {
    const module = await compile({ ...parts, controllers: [] }, lines);
    app = module.createNestApplication({ forceCloseConnections: true });
    app.useWebSocketAdapter(new WsAdapter(app));
    await app.listen(0, '127.0.0.1');
    url = (await app.getUrl()).replace('http', 'ws');
  });
  afterAll(() => app.close());

  async function talk(count: number, ...messages: [event: string, data?: unknown][]): Promise<unknown[]> {
    const socket = new WebSocket(url);
    const answers: unknown[] = [];
    socket.on('message', (text: Buffer) => answers.push(JSON.parse(text.toString())));
    await new Promise((resolve) => socket.once('open', resolve));
    for (const [event, data] of messages) socket.send(JSON.stringify({ event, data }));
    await until(`${count} answers`, () => answers.length >= count);
    socket.close();
    return answers;
  }

  it('locks once a message, with and without decorated parameters', async () => {
    const answers = await talk(
      3,
      ['plain', { userSeq: 7 }],
      ['piped', { userSeq: '07' }],
      ['piped', { userSeq: 7 }],
    );
    expect(answers).toEqual(Array(3).fill({ event: 'done', data: 7 }));
    expect(stage.most).toBe(1);
    expect(log.count('granted vote:7')).toBe(3);
    expect(log.count('released vote:7')).toBe(3);
  });

  it('hands the hold to a handler', async () => {
    expect(await talk(1, ['current', { userSeq: 7 }])).toEqual([{ event: 'done', data: '7 1 vote:7' }]);
  });

  it('holds to the last value of a stream', async () => {
    expect(await talk(2, ['stream'])).toEqual([
      { event: 'done', data: 1 },
      { event: 'done', data: 2 },
    ]);
    expect(log.entries).toEqual(['granted stream', 'released stream']);
  });

  it('answers a refusal as an exception, also from a handler without decorator', async () => {
    await using _ = await app.get(LockService).acquire('busy');
    expect(await talk(1, ['decorated'])).toEqual([{ event: 'exception', data: BUSY }]);
    expect(await talk(1, ['undecorated'])).toEqual([{ event: 'exception', data: BUSY }]);
    expect(await talk(1, ['plain', {}])).toEqual([{ event: 'exception', data: NO_KEY }]);
    expect(lines.at('error')).toEqual([]);
  });
});

/** What @nestjs/graphql calls its resolvers through. */
describe('in a GraphQL context', () => {
  let app: INestApplication;

  beforeAll(async () => {
    app = (await compile({ imports: parts.imports, providers: [Votes] }, lines)).createNestApplication();
    await app.init();
  });
  afterAll(() => app.close());

  function resolver(name: 'vote'): (...args: unknown[]) => Promise<unknown> {
    const votes = app.get(Votes);
    const external = app.get(ExternalContextCreator);
    const guarded = { guards: true, interceptors: true, filters: true };
    const create = external.create.bind(external) as (
      ...args: unknown[]
    ) => (...args: unknown[]) => Promise<unknown>;
    const none = undefined;
    return create(votes, votes[name], name, none, none, none, none, guarded, 'graphql');
  }

  it('a resolver is locked, and a refusal carries its code and no key', async () => {
    expect(await resolver('vote')({}, {}, {}, {})).toBe('voted');
    expect(log.entries).toEqual(['granted busy', 'released busy']);
    await using _ = await app.get(LockService).acquire('busy');
    const refusal = await resolver('vote')({}, {}, {}, {});
    expect(refusal).toBeInstanceOf(Error);
    expect(refusal).toMatchObject({ message: BUSY.message, extensions: { code: 'LOCK_TIMEOUT' } });
    expect(lines.at('error')).toEqual([]);
  });
});
