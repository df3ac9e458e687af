import { inspect } from 'node:util';
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { Cluster, Redis } from 'ioredis';
import { isLockError, LockConfigError, LockUnsupportedError } from '../../../../lib/errors.js';
import { redisStore, type RedisStoreOptions } from '../../../../lib/stores/redis/index.js';
import { freePort } from '../../../support/free-port.js';
import { openSession, type OpenSession, requestFor } from '../../../support/open-session.js';
import { RedisServer, type RedisServerOptions } from '../../../support/redis-server.js';
import { until } from '../../../support/until.js';

const servers: RedisServer[] = [];
const sessions: OpenSession[] = [];

afterEach(async () => {
  await Promise.all(sessions.splice(0).map((session) => session.close()));
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
});

async function start(options?: RedisServerOptions): Promise<RedisServer> {
  const server = await RedisServer.start(options);
  servers.push(server);
  return server;
}

async function connect(options: RedisStoreOptions, watchdogMs?: number): Promise<OpenSession> {
  const session = await openSession(redisStore(options), watchdogMs);
  sessions.push(session);
  return session;
}

async function failure(work: Promise<unknown>): Promise<Error> {
  const error: unknown = await work.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (!isLockError(error)) throw error;
  return error;
}

describe('the options of a Redis store', () => {
  const client = new Redis({ lazyConnect: true });

  it.each<[string, unknown, string]>([
    ['no way to connect', {}, 'url'],
    ['two ways to connect', { url: 'redis://h', client }, 'client'],
    ['an address that is none', { url: 'secret:pw@@' }, 'url'],
    ['an address of another protocol', { url: 'http://localhost' }, 'url'],
    ['an address with parameters', { url: 'redis://localhost?db=1' }, 'url'],
    ['a database that is no number', { url: 'redis://localhost/one' }, 'url'],
    ['a stray per cent sign', { url: 'redis://:a%zz@localhost' }, 'url'],
    ['a number as address', { url: 6379 }, 'url'],
    ['a client that is none', { client: {} }, 'client'],
    ['an option that does not exist', { url: 'redis://h', wating: 'spin' }, 'wating'],
    ['an option of another way', { url: 'redis://h', name: 'mymaster' }, 'name'],
    ['another way to wait', { url: 'redis://h', waiting: 'poll' }, 'waiting'],
    ['an interval that is none', { url: 'redis://h', waiting: 'spin', spinInterval: '5 s' }, 'spinInterval'],
    ['no interval at all', { url: 'redis://h', waiting: 'spin', spinInterval: 0 }, 'spinInterval'],
    ['a negative tolerance', { url: 'redis://h', clockTolerance: -1 }, 'clockTolerance'],
    ['half a replica', { url: 'redis://h', waitReplicas: 0.5 }, 'waitReplicas'],
    ['no sentinel', { sentinels: [], name: 'locks' }, 'sentinels'],
    ['a sentinel without a port', { sentinels: [{ host: 'h' }], name: 'locks' }, 'sentinels'],
    ['sentinels of no master', { sentinels: [{ host: 'h', port: 1 }] }, 'name'],
    ['a node that is a text', { nodes: ['h:1'] }, 'nodes'],
    ['further options that are none', { nodes: [{ host: 'h', port: 1 }], options: 'tls' }, 'options'],
  ])('are refused with %s', (_, options, option) => {
    const error = thrownBy(() => redisStore(options as RedisStoreOptions));
    expect(error).toBeInstanceOf(LockConfigError);
    expect(error).toMatchObject({ code: 'LOCK_CONFIG', option });
    expect((error as Error).message).toContain(`"${option}"`);
  });

  it('are refused with a cluster client that finds its nodes by SRV records', () => {
    const cluster = new Cluster([{ host: 'h', port: 1 }], { lazyConnect: true, useSRVRecords: true });
    expect(() => redisStore({ client: cluster })).toThrow(LockUnsupportedError);
  });

  it('show no password in an error, whatever is wrong', async () => {
    const server = await start({ password: 'right-one' });
    const badUrl = thrownBy(() => redisStore({ url: 'redis://:hunter2@host/one' }));
    const wrong = await failure(connect({ url: server.url.replace('right-one', 'hunter2') }));
    const down = await failure(connect({ url: `redis://:hunter2@127.0.0.1:${await freePort()}` }));
    for (const error of [badUrl, wrong, down]) {
      expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('hunter2');
    }
  });
});

describe('a Redis store that cannot serve', () => {
  it('says that the password is wrong, or missing', async () => {
    const server = await start({ password: 'p:w/d' });
    const wrong = await failure(connect({ url: `redis://:other@127.0.0.1:${server.port}` }));
    expect(wrong).toMatchObject({ code: 'LOCK_STORE', operation: 'connect', isTransient: false });
    expect(wrong.message).toContain('WRONGPASS');
    const missing = await failure(connect({ url: `redis://127.0.0.1:${server.port}` }));
    expect(missing).toMatchObject({ code: 'LOCK_STORE', isTransient: false });
    expect(missing.message).toContain('NOAUTH');
    await connect({ url: server.url });
  });

  it('says that the server is down, and serves the same store when it is up', async () => {
    const server = await start();
    const store = redisStore({ url: server.url });
    await server.kill();
    const down = await failure(openSession(store));
    expect(down).toMatchObject({ code: 'LOCK_STORE', operation: 'connect', isTransient: true });
    expect(down.message).toContain('ECONNREFUSED');
    await server.restart();
    const session = await openSession(store);
    sessions.push(session);
    expect((await session.acquire(requestFor('up'))).kind).toBe('held');
  });

  it('fails at once while the server is away, and goes on when it is back', async () => {
    const server = await start();
    const session = await connect({ url: server.url });
    await session.acquire(requestFor('away'));
    await server.kill();
    await until('the loss is seen', async () => {
      const error = await failure(session.acquire(requestFor('away')));
      expect(error).toMatchObject({ code: 'LOCK_STORE', isTransient: true, key: 'away' });
      return error.message.includes('there is no connection');
    });
    await server.restart();
    await session.heard('all');
    const again = await until('it serves', () => session.acquire(requestFor('away')).catch(() => undefined));
    expect(again.kind).toBe('held');
  });

  it('says what is unknown when the connection is cut under a command', async () => {
    const server = await start();
    const session = await connect({ url: server.url });
    server.pause();
    const asked = failure(session.acquire(requestFor('under')));
    await server.kill();
    expect(await asked).toMatchObject({ code: 'LOCK_STORE', isTransient: true, operation: 'acquire' });
    expect((await asked).message).toContain('before the answer came');
  });

  it('does not wait for ever for a server that stands still, neither at first nor later', async () => {
    const server = await start();
    const session = await connect({ url: server.url }, 1_000);
    server.pause();
    const [later, first] = await Promise.all([
      failure(session.acquire(requestFor('still'))),
      failure(connect({ url: server.url }, 1_000)),
    ]);
    for (const error of [later, first]) {
      expect(error).toMatchObject({ code: 'LOCK_STORE', isTransient: true });
      expect(error.message).toContain('no answer for 1000 ms');
    }
    server.resume();
    await session.heard('all');
    const reply = await until('it serves', () => session.acquire(requestFor('still')).catch(() => undefined));
    expect(reply.kind).toBe('held');
  });

  it.each([
    ['a string', ['SET', '{foreign}', 'x']],
    ['a string that begins as ours', ['SET', '{foreign}', 'ndl1 1 0 oops']],
    ['a string of a later version', ['SET', '{foreign}', 'ndl2 1 0']],
    ['a list', ['RPUSH', '{foreign}', 'x']],
    ['a hash', ['HSET', '{foreign}', 'x', 'y']],
  ])('leaves a foreign value alone, and names the key: %s', async (_, [command, ...args]) => {
    const server = servers[0] ?? (await start());
    await server.admin.del('{foreign}');
    await server.admin.call(command!, ...args);
    const before = await server.admin.dump('{foreign}');
    const session = await connect({ url: server.url });
    const owner = 'f'.repeat(32);
    const commands = [
      session.acquire(requestFor('foreign')),
      session.acquire(requestFor('a', { keys: ['a', 'foreign'] })),
      session.acquire(requestFor('a', { keys: ['a', 'foreign'], takesPlace: false })),
      session.release({ keys: ['foreign'], owner, refuses: true, keepMs: 0 }),
      session.inspect('foreign'),
      session.forceRelease('foreign'),
    ];
    for (const error of await Promise.all(commands.map(failure))) {
      expect(error).toMatchObject({ code: 'LOCK_STORE', key: 'foreign', isTransient: false });
      expect(error.message).toContain('"foreign"');
    }
    expect((await session.inspect('a')).holders).toEqual([]);
    expect(await session.renew([{ key: 'foreign', owner, leaseMs: 1_000 }])).toEqual([0]);
    expect(await server.admin.dump('{foreign}')).toEqual(before);
    expect(await server.admin.keys('{foreign}*')).toEqual(['{foreign}']);
  });

  it('takes nothing from a full server, but gives back and renews there', async () => {
    const server = await start();
    const session = await connect({ url: server.url });
    const [holder, waiter, other] = [requestFor('full'), requestFor('full'), requestFor('full:2')];
    for (const request of [holder, waiter, other]) await session.acquire(request);
    await server.admin.config('SET', 'maxmemory-policy', 'noeviction');
    await server.admin.config('SET', 'maxmemory', 1);
    const error = await failure(session.acquire(requestFor('full:3')));
    expect(error).toMatchObject({ code: 'LOCK_STORE', isTransient: false, key: 'full:3' });
    expect(error.message).toContain('OOM');
    const lease = { key: 'full', owner: holder.owner, leaseMs: 20_000 };
    expect(await session.renew([lease])).toEqual([20_000]);
    await session.release({ keys: ['full'], owner: holder.owner, refuses: false, keepMs: 0 });
    await session.heard('called', waiter.owner);
    expect(await session.forceRelease('full:2')).toBe(true);
    expect((await session.inspect('full')).holders).toEqual([]);
  });

  it('fails for the moment on a replica', async () => {
    const server = await start();
    const session = await connect({ url: server.url });
    await server.admin.replicaof('127.0.0.1', await freePort());
    const error = await failure(session.acquire(requestFor('replica')));
    expect(error).toMatchObject({ code: 'LOCK_STORE', isTransient: true });
    expect(error.message).toMatch(/READONLY|MASTERDOWN/);
    await server.admin.replicaof('NO', 'ONE');
    const reply = await until('it serves', () =>
      session.acquire(requestFor('replica')).catch(() => undefined),
    );
    expect(reply.kind).toBe('held');
  });
});

describe('a user of the server', () => {
  it('that may not run a script is told so when the store is opened', async () => {
    const server = await start();
    await server.admin.call('ACL', 'SETUSER', 'poor', 'on', '>pw', '~*', '&*', '+@all', '-evalsha', '-eval');
    const error = await failure(connect({ url: `redis://poor:pw@127.0.0.1:${server.port}` }));
    expect(error).toMatchObject({ code: 'LOCK_STORE', operation: 'connect', isTransient: false });
    expect(error.message).toContain('NOPERM');
  });
});

describe('a server without scripts', () => {
  it('is refused when the store is opened', async () => {
    const server = await start({ args: ['--rename-command', 'EVALSHA', ''] });
    const error = await failure(connect({ url: server.url }));
    expect(error).toBeInstanceOf(LockUnsupportedError);
    expect(error.message).toContain('EVALSHA');
  });
});

describe('a client that was handed in', () => {
  it('is neither used for what it is set to, nor closed', async () => {
    const server = await start();
    const client = server.client({
      keyPrefix: 'app:',
      enableAutoPipelining: true,
      stringNumbers: true,
      db: 0,
    });
    const session = await connect({ client });
    const request = requestFor('handed');
    // A blocking command on it delays nothing.
    const blocked = client.blpop('never', 0).catch(() => undefined);
    expect((await session.acquire(request)).kind).toBe('held');
    expect(await server.admin.exists('{handed}')).toBe(1);
    await session.close();
    expect(client.status).toBe('ready');
    client.disconnect();
    await blocked;
  });
});

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('it did not throw');
}
