import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { Controller, Inject, Injectable, Param, ParseIntPipe, Post } from '@nestjs/common';
import { Args, GraphQLModule, Int, Mutation, Query, Resolver } from '@nestjs/graphql';
import {
  type ClientProxy,
  ClientProxyFactory,
  EventPattern,
  MessagePattern,
  Payload,
  type RedisOptions,
  Transport,
} from '@nestjs/microservices';
import { WsAdapter } from '@nestjs/platform-ws';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { DistributedLock, DistributedLockModule, LockService, memoryStore } from 'nestjs-distributed-lock';
import { lastValueFrom } from 'rxjs';
import WebSocket from 'ws';
import { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';
import { LockLog } from './support/lock-log.js';
import { type Answer, PLATFORMS, send, serve, type Served } from './support/platforms.js';
import { Stage } from './support/stage.js';

const stage = new Stage();
const MESSAGE = 'The resource is locked by another request.';
const REFUSED = { status: 'error', code: 'LOCK_TIMEOUT', message: MESSAGE };
/** Nobody waits for a lock that a test holds. */
const AT_ONCE = { waitTime: 0 };

@Injectable()
class Votes {
  @DistributedLock('vote:#<userSeq>', AT_ONCE)
  async vote(userSeq: number): Promise<number> {
    return userSeq;
  }
}

@Controller('votes')
class OverHttp {
  constructor(@Inject(Votes) private readonly votes: Votes) {}

  @Post(':userSeq')
  @DistributedLock('vote:#<userSeq>')
  async vote(@Param('userSeq', ParseIntPipe) userSeq: number): Promise<number> {
    await stage.play();
    return userSeq;
  }

  @Post(':userSeq/hasty')
  hasty(@Param('userSeq', ParseIntPipe) userSeq: number): Promise<number> {
    return this.votes.vote(userSeq);
  }
}

@Controller()
class OverRedis {
  constructor(@Inject(Votes) private readonly votes: Votes) {}

  @MessagePattern('vote')
  @DistributedLock('vote:#<userSeq>')
  async vote(@Payload('userSeq') userSeq: number): Promise<number> {
    await stage.play();
    return userSeq;
  }

  @EventPattern('voted')
  @DistributedLock('vote:#<userSeq>')
  async voted(@Payload('userSeq') userSeq: number): Promise<void> {
    await stage.play();
    log.note(`heard ${userSeq}`);
  }

  @DistributedLock('vote:#<userSeq>', AT_ONCE)
  @MessagePattern('hasty')
  async hasty(@Payload('userSeq') userSeq: number): Promise<number> {
    return userSeq;
  }

  @MessagePattern('undecorated')
  undecorated(@Payload('userSeq') userSeq: number): Promise<number> {
    return this.votes.vote(userSeq);
  }
}

@Resolver()
class OverGraphql {
  constructor(@Inject(Votes) private readonly votes: Votes) {}

  @Query(() => Int)
  @DistributedLock('vote:#<userSeq>', AT_ONCE)
  async hasty(@Args('userSeq', { type: () => Int }) userSeq: number): Promise<number> {
    return userSeq;
  }

  @Query(() => Int)
  undecorated(@Args('userSeq', { type: () => Int }) userSeq: number): Promise<number> {
    return this.votes.vote(userSeq);
  }

  @DistributedLock('vote:#<userSeq>')
  @Mutation(() => Int)
  async vote(@Args('userSeq', { type: () => Int }) userSeq: number): Promise<number> {
    await stage.play();
    return userSeq;
  }
}

@WebSocketGateway({ path: '/socket' })
class OverWebSocket {
  constructor(@Inject(Votes) private readonly votes: Votes) {}

  @SubscribeMessage('vote')
  @DistributedLock('vote:#<userSeq>')
  async vote(@MessageBody('userSeq') userSeq: number): Promise<object> {
    await stage.play();
    return { event: 'done', data: userSeq };
  }

  @SubscribeMessage('hasty')
  async hasty(@MessageBody('userSeq') userSeq: number): Promise<object> {
    return { event: 'done', data: await this.votes.vote(userSeq) };
  }
}

let log: LockLog;
let redis: RedisServer;
beforeAll(async () => {
  log = new LockLog();
  redis = await RedisServer.start();
});
afterAll(async () => {
  log.stop();
  await redis.stop();
});
beforeEach(() => {
  stage.reset();
  log.clear();
});

const parts = {
  imports: [
    DistributedLockModule.forRoot({ store: memoryStore(), waitTime: '20s' }),
    GraphQLModule.forRoot<ApolloDriverConfig>({
      driver: ApolloDriver,
      autoSchemaFile: true,
      playground: false,
      // As in development: what they tell must hide the key too.
      includeStacktraceInErrorResponses: true,
    }),
  ],
  controllers: [OverHttp, OverRedis],
  providers: [Votes, OverGraphql, OverWebSocket],
};

describe.each(PLATFORMS)('one application on %s', (platform) => {
  let served: Served;
  let client: ClientProxy;

  beforeAll(async () => {
    const options: RedisOptions & { transport: Transport.REDIS } = {
      transport: Transport.REDIS,
      options: { host: '127.0.0.1', port: redis.port },
    };
    served = await serve(platform, parts, {
      prepare: (app) => {
        app.useWebSocketAdapter(new WsAdapter(app));
        app.connectMicroservice(options);
      },
    });
    await served.app.startAllMicroservices();
    client = ClientProxyFactory.create(options);
    await client.connect();
  });
  afterAll(async () => {
    await client.close();
    await served.app.close();
  });

  const overHttp = (path: string): Promise<Answer> => send(`${served.url}/votes/${path}`);
  const overRedis = (pattern: string, userSeq: number): Promise<unknown> =>
    lastValueFrom(client.send(pattern, { userSeq }));
  const overGraphql = async (query: string): Promise<unknown> =>
    (await send(`${served.url}/graphql`, { body: { query } })).json();

  async function overWebSocket(event: string, userSeq: number): Promise<unknown> {
    const socket = new WebSocket(`${served.url.replace('http', 'ws')}/socket`);
    let answer: unknown;
    socket.on('message', (text: Buffer) => (answer = JSON.parse(text.toString())));
    await new Promise((resolve) => socket.once('open', resolve));
    socket.send(JSON.stringify({ event, data: { userSeq } }));
    await until('the socket has an answer', () => answer !== undefined);
    socket.close();
    return answer;
  }

  it('locks a key over all its protocols', async () => {
    stage.shut();
    const votes = [
      overHttp('7'),
      overRedis('vote', 7),
      overGraphql('mutation { vote(userSeq: 7) }'),
      overWebSocket('vote', 7),
    ] as const;
    await lastValueFrom(client.emit('voted', { userSeq: 7 }), { defaultValue: undefined });
    await stage.hasEntered(1);
    stage.open();
    const [http, message, graphql, socket] = await Promise.all(votes);
    expect([http.status, http.json(), message, graphql, socket]).toEqual([
      201,
      7,
      7,
      { data: { vote: 7 } },
      { event: 'done', data: 7 },
    ]);
    await until('all have released', () => log.count('released vote:7') === 5);
    expect([stage.entered, stage.most, log.count('granted vote:7'), log.count('heard 7')]).toEqual([
      5, 1, 5, 1,
    ]);
  });

  it('words a refusal for each of them, and says no key', async () => {
    await using _ = await served.app.get(LockService).acquire('vote:7');
    const http = await overHttp('7/hasty');
    expect([http.status, http.headers.get('retry-after')]).toEqual([423, expect.stringMatching(/^\d+$/)]);
    expect(http.json()).toEqual({ statusCode: 423, code: 'LOCK_TIMEOUT', message: MESSAGE });
    for (const pattern of ['hasty', 'undecorated']) {
      await expect(overRedis(pattern, 7)).rejects.toEqual(REFUSED);
    }
    for (const field of ['hasty', 'undecorated']) {
      const answer = await overGraphql(`{ ${field}(userSeq: 7) }`);
      expect(answer).toMatchObject({
        errors: [{ message: MESSAGE, path: [field], extensions: { code: 'LOCK_TIMEOUT' } }],
      });
      expect(JSON.stringify(answer)).not.toContain('vote:7');
    }
    expect(await overWebSocket('hasty', 7)).toEqual({ event: 'exception', data: REFUSED });
    expect(served.log.at('error')).toEqual([]);
  });

  it('lets others pass meanwhile', async () => {
    await using _ = await served.app.get(LockService).acquire('vote:7');
    expect((await overHttp('8/hasty')).json()).toBe(8);
    expect(await overRedis('hasty', 8)).toBe(8);
    expect(await overGraphql('{ hasty(userSeq: 8) undecorated(userSeq: 9) }')).toEqual({
      data: { hasty: 8, undecorated: 9 },
    });
    expect(await overWebSocket('hasty', 8)).toEqual({ event: 'done', data: 8 });
  });
});
