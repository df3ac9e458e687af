import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { AcquireReply, Grant } from '../../../../lib/line/store.js';
import { redisStore, type RedisWaiting } from '../../../../lib/stores/redis/index.js';
import { freePort } from '../../../support/free-port.js';
import { newOwner, openSession, type OpenSession, requestFor } from '../../../support/open-session.js';
import { RedisServer } from '../../../support/redis-server.js';
import { until } from '../../../support/until.js';

let server: RedisServer;
const open: OpenSession[] = [];

beforeAll(async () => {
  server = await RedisServer.start();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((session) => session.close()));
});
afterAll(async () => {
  await server.stop();
});

async function session(waiting: RedisWaiting = {}): Promise<OpenSession> {
  const one = await openSession(redisStore({ url: server.url, ...waiting }));
  open.push(one);
  return one;
}

function grantsOf(reply: AcquireReply): readonly Grant[] {
  if (reply.kind !== 'held') throw new Error(`expected a hold, got ${JSON.stringify(reply)}`);
  return reply.grants;
}

const leave = { refuses: false, keepMs: 0 };

describe('a session on a real server', () => {
  it('holds a free key with the whole lease left, and a token by the clock of the server', async () => {
    const a = await session();
    const [seconds] = await server.admin.time();
    const [grant] = grantsOf(await a.acquire(requestFor('free', { leaseMs: 4_321 })));
    expect(grant!.restMs).toBe(4_321);
    expect(grant!.token).toBeGreaterThanOrEqual(Number(seconds) * 1_000_000);
    expect(Number.isSafeInteger(grant!.token)).toBe(true);
    expect(await server.admin.pttl('{free}')).toBeGreaterThan(4_321);
  });

  it('says the same hold again when it is asked again, and the rest of its lease', async () => {
    const a = await session();
    const request = requestFor('again');
    const [first] = grantsOf(await a.acquire(request));
    const [second] = grantsOf(await a.acquire(request));
    expect(second!.token).toBe(first!.token);
    expect(second!.restMs).toBeLessThan(first!.restMs);
  });

  it('tells the life of the server: another one after each start, none where its user may not ask', async () => {
    const own = await RedisServer.start();
    const lives: (string | undefined)[] = [];
    const look = async (url: string): Promise<void> => {
      const one = await openSession(redisStore({ url }));
      lives.push(await one.life?.());
      await one.close();
    };
    await look(own.url);
    await look(own.url);
    await own.restart();
    await look(own.url);
    await own.admin.call('ACL', 'SETUSER', 'shy', 'on', '>pw', '~*', '&*', '+@all', '-info');
    await look(own.url.replace('//', '//shy:pw@'));
    await own.stop();
    const [first, second, third, fourth] = lives;
    expect(first).toMatch(/^[0-9a-f]{40}$/);
    expect([second === first, third === first, fourth]).toEqual([true, false, undefined]);
  });

  it('hands over by a message to the session of the next in line, and tokens grow', async () => {
    const [a, b] = await Promise.all([session(), session()]);
    const [first, second] = [requestFor('over'), requestFor('over')];
    const [before] = grantsOf(await a.acquire(first));
    expect(await b.acquire(second)).toMatchObject({ kind: 'busy', grants: [] });
    await a.release({ keys: ['over'], owner: first.owner, ...leave });
    await b.heard('called', second.owner);
    const [after] = grantsOf(await b.acquire(second));
    expect(after!.token).toBeGreaterThanOrEqual(before!.token + 64);
  });

  it('tells who loses a hold by force', async () => {
    const [a, b] = await Promise.all([session(), session()]);
    const request = requestFor('forced');
    await a.acquire(request);
    expect(await b.forceRelease('forced')).toBe(true);
    await a.heard('gone', request.owner);
    expect(await a.renew([{ key: 'forced', owner: request.owner, leaseMs: 1_000 }])).toEqual([0]);
    expect(await b.forceRelease('forced')).toBe(false);
  });

  it('renews many leases in commands of a hundred, each answered in its place', async () => {
    const a = await session();
    const requests = Array.from({ length: 250 }, (_, index) =>
      requestFor(`many:${index}`, { leaseMs: 5_000 }),
    );
    await Promise.all(requests.map((request) => a.acquire(request)));
    await a.release({ keys: ['many:101'], owner: requests[101]!.owner, ...leave });
    const leases = requests.map(({ keys: [key], owner }) => ({ key: key!, owner, leaseMs: 20_000 }));
    const rests = await a.renew(leases);
    expect(rests.map((restMs, index) => (restMs === 20_000 ? 'renewed' : `${index}: ${restMs}`))).toEqual(
      requests.map((_, index) => (index === 101 ? '101: 0' : 'renewed')),
    );
  });

  it('takes several keys up to the first busy one, and all or none without a place', async () => {
    const a = await session();
    const other = requestFor('m:b');
    await a.acquire(other);
    const inOrder = await a.acquire(requestFor('m:a', { keys: ['m:a', 'm:b', 'm:c'] }));
    expect(inOrder).toMatchObject({ kind: 'busy', grants: [{ restMs: 10_000 }] });
    const atOnce = await a.acquire(requestFor('n:a', { keys: ['n:a', 'm:b'], takesPlace: false }));
    expect(atOnce).toMatchObject({ kind: 'busy', grants: [] });
    expect((await a.inspect('n:a')).holders).toEqual([]);
    expect((await a.inspect('m:b')).waiters).toBe(1);
  });

  it('keeps keys apart that look alike to Redis', async () => {
    const a = await session();
    const keys = ['k', '}k', '{k}', 'k}', '}', '{}', 'k:who', 'k}:who', 'ключ 🔑', 'K', 'k ', 'a\nb'];
    for (const key of keys) expect((await a.acquire(requestFor(key))).kind).toBe('held');
    for (const key of keys) {
      expect((await a.acquire(requestFor(key))).kind).toBe('busy');
      expect(await a.inspect(key)).toMatchObject({ waiters: 1, holders: [{ restMs: expect.any(Number) }] });
    }
  });

  it('runs on after its scripts were flushed', async () => {
    const a = await session();
    const request = requestFor('flushed');
    await a.acquire(request);
    await server.admin.script('FLUSH');
    expect(await a.renew([{ key: 'flushed', owner: request.owner, leaseMs: 20_000 }])).toEqual([20_000]);
    await server.admin.script('FLUSH');
    await a.release({ keys: ['flushed'], owner: request.owner, ...leave });
    await server.admin.script('FLUSH');
    expect((await a.acquire(requestFor('flushed'))).kind).toBe('held');
  });

  it('begins anew where parts of a line were deleted or evicted, in whatever part', async () => {
    const a = await session();
    for (const part of ['who', 'line', 'called', 'asleep', 'ends', 'line {gone}:called', 'who {gone}:ends']) {
      const permits = { capacity: 2, weight: 1 };
      const holders = [1, 2].map(() => requestFor('gone', permits));
      const waiters = [1, 2, 3].map(() => requestFor('gone', permits));
      for (const request of [...holders, ...waiters]) await a.acquire(request);
      await a.release({ keys: ['gone'], owner: holders[0]!.owner, ...leave });
      await server.admin.del(
        ...part.split(' ').map((name) => (name.startsWith('{') ? name : `{gone}:${name}`)),
      );
      await a.release({ keys: ['gone'], owner: holders[1]!.owner, ...leave });
      const replies: string[] = [];
      for (const request of [...waiters, ...waiters]) replies.push((await a.acquire(request)).kind);
      expect(replies.filter((kind) => kind === 'held').length).toBeGreaterThanOrEqual(2);
      expect((await a.inspect('gone')).holders).toHaveLength(2);
      for (const { owner } of [...holders, ...waiters]) await a.release({ keys: ['gone'], owner, ...leave });
      await a.forceRelease('gone');
      expect(await a.inspect('gone')).toMatchObject({ holders: [], waiters: 0 });
    }
  });

  it('tells everybody to look after its connections were cut, and hears again', async () => {
    const [a, b] = await Promise.all([session(), session()]);
    const [first, second] = [requestFor('cut'), requestFor('cut')];
    await a.acquire(first);
    await b.acquire(second);
    await server.admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await Promise.all([a.heard('all'), b.heard('all')]);
    b.hints.length = 0;
    await server.admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await b.heard('all');
    await until('the release was answered', () =>
      a.release({ keys: ['cut'], owner: first.owner, ...leave }).then(
        () => true,
        () => false,
      ),
    );
    await b.heard('called', second.owner);
    expect((await b.acquire(second)).kind).toBe('held');
  });

  it('leaves nothing of its own after the clock tolerance', async () => {
    const [a, b] = await Promise.all([
      session({ clockTolerance: '50ms' }),
      session({ clockTolerance: '50ms' }),
    ]);
    const before = await server.admin.keys('{left*');
    expect(before).toEqual([]);
    const requests = Array.from({ length: 6 }, () => requestFor('left', { capacity: 3, weight: 1 }));
    for (const request of requests) await a.acquire(request);
    for (const request of requests) {
      await a.release({ keys: ['left'], owner: request.owner, ...leave });
      await b.acquire(requestFor('left:2'));
    }
    await b.forceRelease('left:2');
    expect((await a.inspect('left')).waiters).toBe(0);
    // The waiters of the second key went nowhere: their places end by themselves.
    await until('every key of ours is gone', async () => (await server.admin.keys('{left*')).length === 0);
  });

  it('gives every key an end, whatever stands in it', async () => {
    const a = await session();
    const requests = Array.from({ length: 8 }, () => requestFor('ends', { capacity: 3, weight: 1 }));
    for (const request of requests) await a.acquire(request);
    await a.release({ keys: ['ends'], owner: requests[0]!.owner, refuses: true, keepMs: 500 });
    await a.release({ keys: ['ends'], owner: requests[1]!.owner, ...leave });
    const keys = await server.admin.keys('{ends}*');
    expect(keys.sort()).toEqual(
      ['', ':called', ':ends', ':line', `:refused:${requests[0]!.owner}`, ':who'].map(
        (name) => `{ends}${name}`,
      ),
    );
    for (const key of keys) expect(await server.admin.pttl(key)).toBeGreaterThan(0);
  });

  it('refuses an owner id that was given up while a command was under way', async () => {
    const a = await session();
    const request = requestFor('ghost');
    await a.release({ keys: ['ghost'], owner: request.owner, refuses: true, keepMs: 0 });
    expect(await a.acquire(request)).toEqual({ kind: 'refused' });
    expect((await a.acquire(requestFor('ghost'))).kind).toBe('held');
  });

  it('leaves no socket and no timer when it is closed, and none when it could not be opened', async () => {
    const before = process.getActiveResourcesInfo().sort();
    const a = await openSession(redisStore({ url: server.url }));
    await a.acquire(requestFor('resources'));
    expect(process.getActiveResourcesInfo().length).toBeGreaterThan(before.length);
    await a.close();
    const nowhere = redisStore({ url: `redis://127.0.0.1:${await freePort()}` });
    await expect(openSession(nowhere)).rejects.toMatchObject({ code: 'LOCK_STORE' });
    await until('all is gone', () => process.getActiveResourcesInfo().sort().join() === before.join(), 5_000);
    expect(process.getActiveResourcesInfo().sort()).toEqual(before);
  });

  it('answers nothing after its end', async () => {
    const a = await session();
    await a.close();
    await expect(a.acquire(requestFor('closed'))).rejects.toMatchObject({
      code: 'LOCK_STORE',
      isTransient: false,
      key: 'closed',
    });
  });
});

describe('a session that spins', () => {
  it('takes no place and is sent nothing, but excludes the same', async () => {
    const [a, b] = await Promise.all([session({ waiting: 'spin', spinInterval: 20 }), session()]);
    const request = requestFor('spin');
    await a.acquire(request);
    const busy = await a.acquire(requestFor('spin'));
    expect(busy).toMatchObject({ kind: 'busy', grants: [] });
    expect(busy.kind === 'busy' && busy.lookInMs >= 10 && busy.lookInMs <= 30).toBe(true);
    expect(await b.inspect('spin')).toMatchObject({ waiters: 0 });
    expect((await b.acquire(requestFor('spin'))).kind).toBe('busy');
    expect(await server.admin.pubsub('CHANNELS', 'nestjs-distributed-lock:-')).toEqual([]);
  });

  it('does not pass those who wait in line', async () => {
    const [a, b] = await Promise.all([session({ waiting: 'spin' }), session()]);
    const [holder, waiter] = [requestFor('line'), requestFor('line')];
    await b.acquire(holder);
    await b.acquire(waiter);
    await b.release({ keys: ['line'], owner: holder.owner, ...leave });
    expect((await a.acquire(requestFor('line'))).kind).toBe('busy');
    expect((await b.acquire(waiter)).kind).toBe('held');
  });

  it('gives others their turn when it yields, and holds when it looks again', async () => {
    const a = await session({ waiting: 'spin' });
    const old = requestFor('yield');
    await a.acquire(old);
    const fresh = requestFor('yield', { owner: newOwner(), replaces: old.owner });
    expect((await a.acquire(fresh)).kind).toBe('busy');
    expect((await a.inspect('yield')).holders).toEqual([]);
    expect((await a.acquire(fresh)).kind).toBe('held');
  });
});
