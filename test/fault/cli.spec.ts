import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { LockRuntime } from '../../lib/core/lock-runtime.js';
import { storeFromUrl } from '../../lib/url/index.js';
import { CliProgram, type CliResult } from '../support/cli-program.js';
import { MariadbServer } from '../support/mariadb-server.js';
import { PostgresServer } from '../support/postgres-server.js';
import { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';
import { zooKeeperToTest } from '../support/zookeeper-server.js';

const PASSWORD = 'hunter2%2Fslash';
const HOSTILE = 'evil\u001b[2J\n\u202e🔒*?[x]';

interface Shown {
  readonly keys: readonly {
    readonly key: string;
    readonly holders: readonly { owner: string; fencingToken: number; remainingMs: number; since?: string }[];
    readonly waiters: number;
  }[];
  readonly hashes: readonly string[];
}

let program: CliProgram;
let redis: RedisServer;
const urls = new Map<string, string>();
const stops: (() => Promise<void>)[] = [];
const runtimes: LockRuntime[] = [];

beforeAll(async () => {
  program = CliProgram.build();
  const [server, postgres, mariadb, zookeeper] = await Promise.all([
    RedisServer.start({ password: decodeURIComponent(PASSWORD) }),
    PostgresServer.start(),
    MariadbServer.start(),
    zooKeeperToTest(),
  ]);
  redis = server;
  stops.push(...[server, postgres, mariadb, zookeeper].map((one) => () => one.stop()));
  urls.set('redis', server.url);
  urls.set('postgres', postgres.url);
  urls.set('postgres+transaction', `${postgres.url.replace('postgres:', 'postgres+transaction:')}?table=t`);
  urls.set('mysql', mariadb.url);
  urls.set('mysql+transaction', `${mariadb.url.replace('mysql:', 'mysql+transaction:')}?table=t`);
  urls.set('zookeeper', zookeeper.url);
});
afterEach(async () => {
  await Promise.all(runtimes.splice(0).map((runtime) => runtime.shutdown()));
});
afterAll(async () => {
  await Promise.all(stops.map((stop) => stop()));
  program.remove();
});

/** An application of another process, as far as the program is concerned. */
async function application(url: string): Promise<LockRuntime> {
  const store = await storeFromUrl(url);
  const options = { waitMs: 60_000, watchdogMs: 10_000, shutdownMs: 100 };
  const runtime = new LockRuntime({ ...options, store, namespace: 'shop' });
  runtimes.push(runtime);
  await runtime.start();
  return runtime;
}

const inShop = (...args: string[]): Promise<CliResult> => program.run(...args, '-n', 'shop');

const STORES = ['redis', 'postgres', 'postgres+transaction', 'mysql', 'mysql+transaction', 'zookeeper'];

describe.each(STORES)('on %s, the program', (name) => {
  const url = (): string => urls.get(name)!;

  it('shows who holds what, since when and until when', async () => {
    const holder = await application(url());
    const [vote, evil] = [await holder.acquire('vote:7'), await holder.acquire(HOSTILE)];
    const { status, out, err } = await inShop('inspect', url(), '--json');
    expect([status, err]).toEqual([0, '']);
    const { keys } = JSON.parse(out) as Shown;
    expect(keys.map(({ key }) => key)).toEqual([HOSTILE, 'vote:7']);
    const [[ofEvil], [ofVote]] = [keys[0]!.holders, keys[1]!.holders];
    expect([ofEvil!.owner, ofVote!.owner]).toEqual([evil.owner, vote.owner]);
    expect([ofEvil!.fencingToken, ofVote!.fencingToken]).toEqual([evil.fencingToken, vote.fencingToken]);
    expect(ofVote!.remainingMs).toBeGreaterThan(0);
    const granted = new Date(vote.fencingToken / 1_000).toISOString();
    expect(ofVote!.since).toBe(name === 'zookeeper' ? undefined : granted);
  });

  it('shows a hostile key escaped, in a table', async () => {
    await (await application(url())).acquire(HOSTILE);
    const { out } = await inShop('inspect', url(), 'evil*');
    const [head, row, ...rest] = out.split('\n');
    expect(head).toMatch(/^KEY .* TOKEN +WAITERS$/);
    expect(row).toMatch(/^evil\\u\{1b\}\[2J\\n\\u\{202e\}🔒\*\?\[x\] +exclusive +[0-9a-f]{32} /);
    expect(rest).toEqual(['']);
    const exact = await inShop('inspect', url(), HOSTILE.replaceAll(/[*?]/g, '\\$&'));
    expect([exact.status, exact.out.split('\n')[1]?.slice(0, 20)]).toEqual([0, row!.slice(0, 20)]);
  });

  it('takes a lock from its holder, who learns of it, and only once', async () => {
    const lock = await (await application(url())).acquire('vote:7');
    const first = await inShop('release', url(), 'vote:7', '--yes');
    expect([first.status, first.err]).toEqual([0, '']);
    expect(first.out).toMatch(new RegExp(`${lock.owner}[^]*Released "vote:7"\\.\n$`));
    await until('the holder knows', () => lock.signal.aborted);
    expect(await inShop('release', url(), 'vote:7', '--yes')).toMatchObject({ status: 1 });
    expect(await inShop('inspect', url(), 'vote:7')).toMatchObject({
      status: 1,
      out: 'Nobody holds or waits.\n',
    });
  });
});

describe.each(['redis', 'postgres', 'mysql', 'zookeeper'])('on %s, where there is a line', (name) => {
  it('counts those who wait', async () => {
    const url = urls.get(name)!;
    const [a, b] = [await application(url), await application(url)];
    await a.acquire('vote:7');
    b.acquire('vote:7').catch(() => undefined);
    await until('the other waits', async () => (await a.inspect('vote:7')).waiters === 1);
    const { keys } = JSON.parse((await inShop('inspect', url, 'vote:?', '--json')).out) as Shown;
    expect(keys.map(({ waiters }) => waiters)).toEqual([1]);
  });
});

it('tells of keys that a store keeps under their hash alone, and finds them by name', async () => {
  const url = urls.get('mysql')!;
  const long = 'x'.repeat(1_000);
  await (await application(url)).acquire(long);
  const all = await inShop('inspect', url);
  expect(all.err).toMatch(/^1 more in use, of any namespace, .*hash/);
  expect((await inShop('inspect', url, long)).out).toMatch(/^x{47}…x{24} +exclusive/m);
});

it('goes on where a foreign value stands under the name of a lock, and says so', async () => {
  await (await application(redis.url)).acquire('vote:7');
  await redis.admin.set('{shop:foreign}', 'x');
  const { status, out, err } = await inShop('inspect', redis.url);
  await redis.admin.del('{shop:foreign}');
  expect(status).toBe(1);
  expect(out).toMatch(/^vote:7 /m);
  expect(err).toMatch(/"shop:foreign" that is not a lock's/);
});

describe('watch', () => {
  it('tells changes line by line until Ctrl-C, where there is no terminal', async () => {
    const holder = await application(redis.url);
    const lock = await holder.acquire('vote:7');
    const run = program.start('watch', redis.url, '-n', 'shop', '--interval', '100ms');
    await until('it saw the holder', () => run.out().includes(lock.owner));
    await lock.release();
    await until('it saw the end', () => run.out().includes('ended'));
    run.child.kill('SIGINT');
    const { status, out } = await run.ended;
    expect(status).toBe(0);
    expect(out.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^held {4}"vote:7" exclusive, owner/),
      expect.stringMatching(/^ended {3}"vote:7" exclusive, owner/),
    ]);
  });

  it('paints a table anew at a terminal', async () => {
    const lock = await (await application(redis.url)).acquire('vote:7');
    const run = program.startAtTerminal('watch', redis.url, '-n', 'shop', '--interval', '100ms');
    await until('it painted twice', () => run.out().split('\u001b[2J').length > 2);
    run.child.stdin!.write('\u0003');
    const { status, out } = await run.ended;
    expect(status).toBe(0);
    expect(out).toContain(lock.owner);
    expect(out).toContain('Ctrl-C ends');
  });
});

describe('release at a terminal', () => {
  it.each([
    ['y\r', 0, true],
    ['n\r', 1, false],
    ['\r', 1, false],
    ['\u0003', 1, false],
    ['\u0004', 1, false],
  ])('after %j ends with %d', async (typed, status, isLost) => {
    const lock = await (await application(redis.url)).acquire('vote:7');
    const run = program.startAtTerminal('release', redis.url, 'vote:7', '-n', 'shop');
    await until('it asks', () => run.out().includes('[y/N]'));
    run.child.stdin!.write(typed);
    expect((await run.ended).status).toBe(status);
    await until('the holder knows', () => lock.signal.aborted === isLost);
    expect((await inShop('inspect', redis.url, 'vote:7')).out.includes(lock.owner)).toBe(!isLost);
  });

  it('is refused where there is no terminal', async () => {
    const { status, err, out } = await inShop('release', redis.url, 'vote:7');
    expect([status, out]).toEqual([2, '']);
    expect(err).toMatch(/^nestjs-distributed-lock: release asks .* add --yes\.\n$/);
  });
});

describe('a password in a URL', () => {
  const lines = (text: string): number => text.trimEnd().split('\n').length;

  it.each([
    ['redis://:SECRET@127.0.0.1:1', 1],
    ['rediss://user:SECRET@127.0.0.1:1/2', 1],
    ['postgres://user:SECRET@127.0.0.1:1/db', 1],
    ['postgres+transaction://user:SECRET@127.0.0.1:1/db', 1],
    ['mysql://user:SECRET@127.0.0.1:1/db', 1],
    ['mysql+transaction://user:SECRET@127.0.0.1:1/db', 1],
    ['redis://user:SECRET@h:port', 2],
    ['redis://user:SECRET@h/path', 2],
    ['redis://user:SECRET@h?nope=1', 2],
    ['mysql://user:SECRET@h', 2],
    ['zookeeper://user:SECRET@', 2],
    ['rabbit://user:SECRET@h', 2],
    ['redis:SECRET@h', 2],
  ])('is in no error: %s', async (pattern, status) => {
    const url = pattern.replace('SECRET', PASSWORD);
    const result = await program.run('inspect', url, 'vote:7');
    expect(result).toMatchObject({ status, out: '' });
    expect(result.err).not.toMatch(/hunter2|slash/);
    expect([lines(result.err), result.err]).toEqual([
      1,
      expect.stringMatching(/^nestjs-distributed-lock: \S/),
    ]);
  });

  it('that is wrong is in no error either', async () => {
    const url = redis.url.replace(PASSWORD, 'hunter3');
    const { status, err } = await program.run('inspect', url);
    expect(status).toBe(1);
    expect(err).not.toMatch(/hunter/);
    expect(err).toMatch(/WRONGPASS/);
  });
});

it('ends in silence when nobody reads any more', async () => {
  const holder = await application(redis.url);
  for (let key = 0; key < 30; key++) await holder.acquire(`many:${key}`);
  const run = program.start('watch', redis.url, '-n', 'shop', '--interval', '100ms');
  run.child.stdout!.destroy();
  // Something has to be written before the pipe is found closed.
  const more = (): unknown => holder.tryAcquire(`more:${Math.random()}`).catch(() => undefined);
  const change = setInterval(() => void more(), 50);
  const { status, err } = await run.ended;
  clearInterval(change);
  expect([status, err]).toEqual([0, '']);
});
