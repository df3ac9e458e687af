import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { redisStore } from '../../../../lib/stores/redis/index.js';
import { Certificates } from '../../../support/certificates.js';
import { freePort } from '../../../support/free-port.js';
import { openSession, type OpenSession, requestFor } from '../../../support/open-session.js';
import { RedisSentinel } from '../../../support/redis-sentinel.js';
import { until } from '../../../support/until.js';

const open: OpenSession[] = [];
let keys = 0;

afterEach(async () => {
  await Promise.all(open.splice(0).map((session) => session.close()));
});

async function connect(options: Parameters<typeof redisStore>[0]): Promise<OpenSession> {
  const session = await openSession(redisStore(options));
  open.push(session);
  return session;
}

async function isServed(session: OpenSession): Promise<boolean> {
  return (await session.acquire(requestFor(`sentinels-${++keys}`))).kind === 'held';
}

/** Sockets and timers of this process. */
function left(): { sockets: number; timers: number } {
  const all = process.getActiveResourcesInfo();
  return {
    sockets: all.filter((name) => name.startsWith('TCP')).length,
    timers: all.filter((name) => name === 'Timeout').length,
  };
}

describe('a session by sentinels', () => {
  let trio: RedisSentinel;
  beforeAll(async () => {
    trio = await RedisSentinel.start({ replicas: 1 });
  });
  afterAll(async () => {
    await trio.stop();
  });

  it('leaves no socket and no timer when it is closed, after a fail-over too', async () => {
    await trio.master();
    for (const failsOver of [false, true]) {
      const before = left();
      const session = await openSession(redisStore(trio.connection));
      expect(await isServed(session)).toBe(true);
      if (failsOver) {
        const old = await trio.master();
        await trio.failover();
        await until('it was disconnected, and serves', () => isServed(session).catch(() => false));
        await until('the old master was left', async () => {
          const list = String(await old.admin.client('LIST'));
          return !list.includes('name=nestjs-distributed-lock');
        });
        await until('it serves', () => isServed(session).catch(() => false));
      }
      const { sockets } = left();
      await session.close();
      // One for commands and one that hears, each with a socket to every sentinel.
      await until('its sockets are gone', () => left().sockets <= sockets - 8);
      expect(left().timers).toBe(before.timers);
    }
  });

  it('is refused where the sentinels know no such master, or none answers, with the reason', async () => {
    await expect(connect({ ...trio.connection, name: 'other' })).rejects.toMatchObject({
      code: 'LOCK_STORE',
      isTransient: true,
      message: expect.stringContaining('master "other"'),
    });
    const nowhere = [{ host: '127.0.0.1', port: await freePort() }];
    await expect(connect({ sentinels: nowhere, name: 'locks' })).rejects.toThrow(
      'All sentinels are unreachable',
    );
  });
});

describe('sentinels and servers that speak TLS', () => {
  let certificates: Certificates;
  let trio: RedisSentinel;
  beforeAll(async () => {
    certificates = Certificates.make();
    trio = await RedisSentinel.start({ replicas: 1, tls: certificates });
  });
  afterAll(async () => {
    await trio.stop();
    certificates.remove();
  });

  it('serve who trusts them, without a word in plain text', async () => {
    const { ca } = certificates;
    const options = { tls: { ca }, sentinelTLS: { ca } };
    expect(await isServed(await connect({ ...trio.connection, options }))).toBe(true);
  });

  it('are refused by who does not', async () => {
    const { ca } = certificates;
    const options = { tls: {}, sentinelTLS: { ca } };
    await expect(connect({ ...trio.connection, options })).rejects.toThrow(/certificate/);
  });
});
