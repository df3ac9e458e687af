import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isLockError, LockConfigError } from '../../../lib/errors.js';
import { storeFromUrl } from '../../../lib/url/index.js';

const refused = (url: unknown): Promise<unknown> =>
  storeFromUrl(url as string).then(
    (store) => {
      throw new Error(`"${String(url)}" was taken, as ${store.name}`);
    },
    (error: unknown) => error,
  );

describe('a store URL that names a store', () => {
  it('makes the memory store of memory:', async () => {
    const store = await storeFromUrl('memory:');
    expect(store.name).toBe('memory');
  });

  it.each([
    'redis://127.0.0.1:6379',
    'REDIS://127.0.0.1:6379',
    'rediss://user:p%40ss@redis.example/3',
    'redis://:secret@[::1]:6379/0',
    'redis://h?clockTolerance=10s',
  ])('makes a Redis store of %s without connecting', async (url) => {
    const store = await storeFromUrl(url);
    expect(store.name).toBe('redis');
    expect(store.capabilities.wakeUp).toBe('message');
  });

  it.each(['redis+spin://h', 'rediss+spin://h', 'redis+spin://h/2?spinInterval=20ms&clockTolerance=1s'])(
    'makes a Redis store that polls of %s',
    async (url) => {
      const store = await storeFromUrl(url);
      expect(store.capabilities.wakeUp).toBe('poll');
    },
  );

  it.each([
    'redis+sentinel://a/mymaster',
    'redis+sentinel://a:26379,b:26380,[::1]:26379/my%2Fmaster/3?clockTolerance=1s&waitReplicas=2',
    'rediss+sentinel://user:p%40ss@a,b/mymaster/?sentinelUsername=u&sentinelPassword=s%26w',
    'redis+cluster://a',
    'redis+cluster://a:1,b:2,[::1]/?waitReplicas=1',
    'rediss+cluster://user:p%40ss,word@a:1,b/0?clockTolerance=1s',
  ])('makes a Redis store of %s without connecting', async (url) => {
    const store = await storeFromUrl(url);
    expect(store.name).toBe('redis');
    expect(store.capabilities.wakeUp).toBe('message');
  });

  it.each([
    'mysql://h/db',
    'mysql://user:p%40ss@h:3307/db',
    'mysql://h/db?table=app.locks&clockTolerance=1s',
  ])('makes a MySQL store of %s without connecting', async (url) => {
    expect((await storeFromUrl(url)).name).toBe('mysql');
  });

  it.each([
    'postgres://h/db',
    'postgresql://user:p%40ss@h:5433/db?sslmode=disable',
    'postgres://h/db?table=app.locks&clockTolerance=1s&listenUrl=postgres%3A%2F%2Fu%3Apw%40h%2Fdb',
  ])('makes a PostgreSQL store of %s without connecting', async (url) => {
    expect((await storeFromUrl(url)).name).toBe('postgres');
  });

  it.each([
    'postgres+transaction://user:p%40ss@h/db?table=app.locks',
    'postgresql+transaction://h/db?sslmode=disable',
    'mysql+transaction://user:p%40ss@h:3307/db?clockTolerance=1s',
  ])('makes a store of transactions of %s', async (url) => {
    const { capabilities } = await storeFromUrl(url);
    expect(capabilities).toEqual({
      shared: false,
      permits: false,
      leases: true,
      fairOrder: false,
      wakeUp: 'message',
    });
  });

  it.each([
    'zookeeper://h',
    'zookeeper://a:2181,b:2182,c/app/locks?sessionTimeout=10s',
    'zookeeper://user:p%40ss,word@[::1]:2181,[::2]/',
  ])('makes a ZooKeeper store of %s without connecting', async (url) => {
    expect((await storeFromUrl(url)).name).toBe('zookeeper');
  });

  it('makes a new store each time, so that two applications share nothing', async () => {
    expect(await storeFromUrl('memory:')).not.toBe(await storeFromUrl('memory:'));
  });
});

describe('a store URL that is wrong', () => {
  it.each([
    [undefined, 'The store URL is undefined; it must be a text.'],
    [null, 'The store URL is null; it must be a text.'],
    [7, 'The store URL is number; it must be a text.'],
    ['', 'The store URL is empty; write memory: or redis://host:6379.'],
    ['localhost', 'The store URL has no scheme; write memory: or redis://host:6379.'],
    ['localhost:6379', 'The store URL has no scheme; write memory: or redis://host:6379.'],
    ['redis:', 'The store URL names no host; write redis://host:6379.'],
    ['redis:///0', 'The store URL names no host; write redis://host:6379.'],
    ['redis://h:70000', /is malformed/],
    ['redis://h:port', /is malformed/],
    [' redis://h', /no scheme/],
    ['redis://h/0\n', /is malformed/],
    ['redis://h/zero', /no database number/],
    ['redis://h/0/1', /no database number/],
    ['redis://h#x', /"#" part/],
    ['redis://:100%@h', /broken %xx/],
    ['memory://host', /is more than memory:/],
    ['memory:?a=b', 'The store URL has the unknown option "a" for memory; it takes none.'],
    ['redis://h?spinInterval=50ms', /unknown option "spinInterval" for redis; it takes clockTolerance, wait/],
    ['redis://h?password=x', /unknown option "password" for redis/],
    ['redis+spin://h?waiting=spin', /unknown option "waiting" for redis\+spin/],
    ['redis://h?clockTolerance=1s&clockTolerance=2s', /gives the option "clockTolerance" twice/],
    ['redis://h?clockTolerance=10', /Option "clockTolerance" is "10"/],
    ['redis://h?clockTolerance=-1s', /Option "clockTolerance" is "-1s"/],
    ['redis+spin://h?spinInterval=', /Option "spinInterval" is ""/],
    ['redis://h?waitReplicas=-1', /waitReplicas="-1"; it must be a whole number/],
    [
      'redis+sentinel:///mymaster',
      'The store URL names no host; write redis+sentinel://host:26379/mymaster.',
    ],
    [
      'redis+sentinel://a',
      /names no master, or more than its database behind it; write redis\+sentinel:\/\//,
    ],
    ['redis+sentinel://a,b/', /names no master/],
    ['redis+sentinel://a/m/zero', /more than its database/],
    ['redis+sentinel://a/m/0/1', /more than its database/],
    ['redis+sentinel://a:0/m', /port 0/],
    ['redis+sentinel://a,,b/m', /is malformed/],
    ['redis+sentinel://a/m%', /broken %xx in its user, password or master/],
    ['redis+sentinel://a/m?sentinelPassword=%', /broken %xx in its sentinelPassword; write a % as %25/],
    ['redis+sentinel://a/m?sentinelPassword=a@b', /an @ of an option as %40/],
    [
      'redis+sentinel://a/m?db=1',
      /unknown option "db" for redis\+sentinel; it takes clockTolerance, waitRepl/,
    ],
    ['redis+sentinel://a/m?waitReplicas=all', /waitReplicas="all"; it must be a whole number/],
    ['redis+cluster:///0', 'The store URL names no host; write redis+cluster://host:6379.'],
    ['redis+cluster://a,b/1', /a cluster has the database 0 only/],
    ['redis+cluster://a,b:port', /is malformed/],
    ['redis+cluster://a,b:0', /port 0/],
    ['redis+cluster://:100%@a', /broken %xx in its user or password/],
    [
      'redis+cluster://a?sentinelPassword=x',
      /an unknown option.* for redis\+cluster; it takes clockTolerance/,
    ],
    ['mysql:///db', 'The store URL names no host; write mysql://host:3306/database.'],
    ['mysql://h', 'The store URL names no database; write mysql://host:3306/database.'],
    ['mysql://:100%@h/db', /broken %xx/],
    ['mysql://h/db?multipleStatements=true', /unknown option "multipleStatements" for mysql/],
    ['mysql://h/db?table=', /Option "table" is ""/],
    ['postgres:///db', 'The store URL names no host; write postgres://host:5432/database.'],
    ['postgres://h', 'The store URL names no database; write postgres://host:5432/database.'],
    ['postgres://h/db/more', /names no database/],
    ['postgres://:100%@h/db', /broken %xx/],
    ['postgres://h/db?ssl=true', /unknown option "ssl" for postgres; it takes clockTolerance, table, /],
    ['postgres://h/db?table=', /Option "table" is ""/],
    ['postgres://h/db?listenUrl=h', /Option "listenUrl" is not an address/],
    ['zookeeper:///locks', 'The store URL names no host; write zookeeper://host:2181.'],
    ['zookeeper://a,,b', /is malformed/],
    ['zookeeper://a:2181,b:port', /is malformed/],
    ['zookeeper://a:0', /Option "connect" is not a list of servers/],
    ['zookeeper://a/../b?sessionTimeout=never', /Option "sessionTimeout" is "never"/],
    ['zookeeper://a/%00', /Option "root" is/],
    ['zookeeper://a/%', /broken %xx/],
    ['zookeeper://:100%@a', /broken %xx/],
    ['zookeeper://a?root=x', /unknown option "root" for zookeeper; it takes sessionTimeout/],
    ['redis://a:1,b:2', 'The store URL names several hosts; redis:// takes one.'],
    ['postgres://a,b/app', 'The store URL names several hosts; postgres:// takes one.'],
    ['memcached://h', /unknown scheme "memcached"; use memory:, redis:\/\/, /],
    ['constructor://h', /unknown scheme "constructor"/],
    ['__proto__://h', /no scheme/],
  ])('is refused in one clear line: %p', async (url, message) => {
    const error = await refused(url);
    expect(error).toBeInstanceOf(LockConfigError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain('\n');
    expect((error as LockConfigError).option).not.toBe('');
  });
});

describe('the password of a store URL', () => {
  const everythingIn = (error: unknown): string => {
    const { message, stack, cause } = error as Error;
    return [message, stack, JSON.stringify(error), cause === undefined ? '' : everythingIn(cause)].join('\n');
  };

  it.each([
    'hunter2:x@h',
    'u:hunter2@h:6379',
    'redis:u:hunter2@h',
    'redis://u:hunter2@h:70000',
    'redis://u:hunter2@',
    'redis://u:hunter2@h/zero',
    'redis://u:hunter2@h#x',
    'redis://u:hunter2%@h',
    'redis://u:hunter2 @h',
    'redis://u:hunter2@h?nope=1',
    'redis://u:12?hunter2@h:6379',
    'redis://u:12#hunter2@h:6379',
    'redis://u:12/hunter2@h:6379',
    'redis://u:1?a=1&hunter2=x@h',
    'redis+sentinel://u:hunter2@h,i',
    'redis+sentinel://u:hunter2@h,i/m?nope=1',
    'redis+sentinel://u:hunter2@h,i:port/m',
    'redis+sentinel://u:12/hunter2@h,i/m',
    'redis+sentinel://u:hunter2%@h/m',
    'redis+sentinel://h/m?sentinelPassword=hunter2@x',
    'redis+sentinel://h/m?sentinelPassword=hunter2%',
    'redis+sentinel://h/m?sentinelPassword=12&hunter2',
    'redis+sentinel://h/m?sentinelPassword=12&hunter2=1&hunter2=2',
    'redis+sentinel://h/m?sentinelPassword=hunter2&waitReplicas=x',
    'redis+sentinel://h/m?sentinelPassword=12#hunter2',
    'redis+cluster://u:hunter2@h,i/5',
    'redis+cluster://u:hunter2@h,i?sentinelPassword=hunter2',
    'postgres://h/db?listenUrl=postgres%3A%2F%2Fu%3A12&hunter2%40h',
    'zookeeper://u:hunter2@h,i?nope=1',
    'zookeeper://u:hunter2@h,i:port',
    'zookeeper://u:hunter2@h/%00',
    'zookeeper://u:hunter2%@h',
    'zookeeper://:hunter2@h',
    'postgres://u:hunter2@h/db/more',
    'postgres://u:hunter2%@h/db',
    'postgres://u:12?hunter2@h/db',
    'postgres+transaction://u:hunter2@h/db/more',
    'mysql+transaction://u:hunter2@h/db?nope=1',
    'mongodb://u:hunter2@h',
    'memory://u:hunter2@h',
  ])('is never shown: %s', async (url) => {
    expect(everythingIn(await refused(url))).not.toContain('hunter2');
  });

  it('is never shown, whatever surrounds it', async () => {
    const secret = 'Hunter2Secret';
    const around = fc.string({ maxLength: 12 });
    const scheme = fc.constantFrom(
      'redis',
      'redis+sentinel',
      'rediss+cluster',
      'redis+spin',
      'postgres',
      'memory',
      'mysql',
      'nope',
    );
    await fc.assert(
      fc.asyncProperty(scheme, around, around, async (name, before, after) => {
        const outcome = await storeFromUrl(`${name}://user:${before}${secret}${after}@host/x/y`).catch(
          (error: unknown) => error,
        );
        expect(isLockError(outcome)).toBe(true);
        expect(everythingIn(outcome).toLowerCase()).not.toContain(secret.toLowerCase());
      }),
      { numRuns: 1_000 },
    );
  });
});
