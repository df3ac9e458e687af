import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, type INestMicroservice } from '@nestjs/common';
import { type ClientProxy, ClientProxyFactory, MessagePattern, Transport } from '@nestjs/microservices';
import { DistributedLock, DistributedLockModule, type LockStore, memoryStore } from 'nestjs-distributed-lock';
import { lastValueFrom } from 'rxjs';
import { type Deferred, deferred } from '../../lib/util/deferred.js';
import { freePort } from '../support/free-port.js';
import { until } from '../support/until.js';
import { compile, PLATFORMS, send, serve, type Served } from './support/platforms.js';

let gate: Deferred<void>;
let releases = 0;
const order: string[] = [];
beforeEach(() => {
  gate = deferred();
  releases = 0;
  order.length = 0;
});

/** The memory store, whose answer to a release the test holds back. */
function slowStore(): LockStore {
  const memory = memoryStore();
  return {
    ...memory,
    async connect(context) {
      const session = await memory.connect(context);
      const release = session.release.bind(session);
      session.release = async (request) => {
        releases++;
        await gate.promise;
        order.push('released');
        await release(request);
      };
      return session;
    },
  };
}

@Controller()
class Votes {
  @Get('vote')
  @MessagePattern('vote')
  @DistributedLock('vote')
  async vote(): Promise<string> {
    return 'voted';
  }

  @Get('fail')
  @DistributedLock('vote')
  async fail(): Promise<string> {
    throw new Error('boom');
  }

  @Get('ping')
  @MessagePattern('ping')
  ping(): string {
    return 'pong';
  }
}

const parts = () => ({
  imports: [DistributedLockModule.forRoot({ store: slowStore() })],
  controllers: [Votes],
});

describe.each(PLATFORMS)('on %s', (platform) => {
  let served: Served;
  const get = (path: string) => send(served.url + path, { method: 'GET' });
  beforeAll(async () => {
    served = await serve(platform, parts());
  });
  afterAll(() => served.app.close());

  it.each(['/vote', '/fail'])('the answer of %s leaves when the lock has been given back', async (path) => {
    const answered = get(path).then(() => order.push('answered'));
    await until('it is given back', () => releases === 1);
    // A whole request and its answer go by meanwhile.
    await get('/ping');
    expect(order).toEqual([]);
    gate.resolve();
    await answered;
    expect(order).toEqual(['released', 'answered']);
  });
});

describe('over TCP', () => {
  let app: INestMicroservice;
  let client: ClientProxy;
  const ask = (pattern: string): Promise<unknown> => lastValueFrom(client.send(pattern, {}));
  beforeAll(async () => {
    const options = {
      transport: Transport.TCP as const,
      options: { host: '127.0.0.1', port: await freePort() },
    };
    app = (await compile(parts())).createNestMicroservice(options);
    await app.listen();
    client = ClientProxyFactory.create(options);
  });
  afterAll(async () => {
    await client.close();
    await app.close();
  });

  it('the answer leaves when the lock has been given back', async () => {
    const answered = new Promise<void>((resolve, reject) => {
      client.send('vote', {}).subscribe({
        next: () => {
          order.push('answered');
          resolve();
        },
        error: reject,
      });
    });
    await until('it is given back', () => releases === 1);
    await ask('ping');
    expect(order).toEqual([]);
    gate.resolve();
    await answered;
    expect(order).toEqual(['released', 'answered']);
  });
});
