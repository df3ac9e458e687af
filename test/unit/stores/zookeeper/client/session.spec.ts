import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type ZooKeeperClient,
  ZooKeeperError,
  type ZooKeeperOptions,
} from '../../../../../lib/stores/zookeeper/client/index.js';
import { type Clock, systemClock } from '../../../../../lib/util/clock.js';
import { deferred } from '../../../../../lib/util/deferred.js';
import { freePort } from '../../../../support/free-port.js';
import { until } from '../../../../support/until.js';
import { newZooKeeperClient, type TestClient } from '../../../../support/zookeeper-client.js';
import { OPERATIONS, ZooKeeperProxy } from '../../../../support/zookeeper-proxy.js';
import { ZooKeeperServer } from '../../../../support/zookeeper-server.js';
import { endZooKeeperSession } from '../../../../support/zookeeper-session-end.js';

const NOTHING = Buffer.alloc(0);
const NO_DIGEST = { 'zookeeper.DigestAuthenticationProvider.enabled': 'false' };

/** The system's, whose timers that are set can be counted. */
class CountedClock implements Clock {
  pending = 0;
  nowMs = () => systemClock.nowMs();
  epochUs = () => systemClock.epochUs();
  setTimer: Clock['setTimer'] = (delayMs, callback, options) => {
    let isOver = false;
    this.pending++;
    const end = (): void => {
      if (!isOver) this.pending--;
      isOver = true;
    };
    const run = (): void => {
      end();
      callback();
    };
    const timer = systemClock.setTimer(delayMs, run, options);
    return {
      clear: () => {
        end();
        timer.clear();
      },
    };
  };
}

let server: ZooKeeperServer;
let proxy: ZooKeeperProxy;
let admin: ZooKeeperClient;
let open: ZooKeeperClient[] = [];
let clock: CountedClock;
let root: string;
let tests = 0;
beforeAll(async () => {
  server = await ZooKeeperServer.start();
  admin = newZooKeeperClient([server.port]).client;
  await admin.connect();
});
afterAll(async () => {
  await admin.close();
  await server.stop();
});
beforeEach(async () => {
  clock = new CountedClock();
  proxy = await ZooKeeperProxy.start(server.port);
  root = `/test-${++tests}`;
  await admin.create(root, NOTHING, 'persistent');
});
afterEach(async () => {
  proxy.flow();
  await Promise.all(open.map((one) => one.close()));
  open = [];
  await expectNothingLeft();
  await proxy.stop();
});

/** Neither timers nor, as soon as the other end has noticed, connections. */
async function expectNothingLeft(): Promise<void> {
  assert.equal(clock.pending, 0, 'timers that are set');
  await until('no connection is left', () => proxy.connections === 0);
}

function made(options: Partial<ZooKeeperOptions> = {}, port = proxy.port): TestClient {
  const one = newZooKeeperClient([port], { clock, ...options });
  open.push(one.client);
  return one;
}

const failureOf = (request: Promise<unknown>): Promise<ZooKeeperError> =>
  request.then(
    () => {
      throw new Error('It did not fail.');
    },
    (error: unknown) => {
      expect(error).toBeInstanceOf(ZooKeeperError);
      return error as ZooKeeperError;
    },
  );

const kindsOf = (one: TestClient) => one.kinds().join(' ');

describe('a session', () => {
  it('is opened by `connect`, once for calls at the same time', async () => {
    const one = made({ sessionMs: 4_000 });
    expect([one.client.isConnected, one.client.sessionId, one.client.aliveUntilMs]).toEqual([
      false,
      0n,
      -Infinity,
    ]);
    const startMs = clock.nowMs();
    await Promise.all([one.client.connect(), one.client.connect()]);
    await one.client.connect();
    expect(one.events).toEqual([{ kind: 'connected', isNewSession: true }]);
    expect([proxy.accepted, one.client.negotiatedMs, one.client.isConnected]).toEqual([1, 4_000, true]);
    expect(one.client.sessionId).not.toBe(0n);
    expect(one.client.aliveUntilMs).toBeGreaterThanOrEqual(startMs + 4_000);
    expect(one.client.aliveUntilMs).toBeLessThan(clock.nowMs() + 4_000);
  });

  it('is as long as the server allows', async () => {
    const one = made({ sessionMs: 1 });
    await one.client.connect();
    expect(one.client.negotiatedMs).toBe(500);
  });

  it('lives as long as its heartbeats are answered, and says until when', async () => {
    const one = made({ sessionMs: 1_000 });
    await one.client.connect();
    await one.client.create(`${root}/mine`, NOTHING, 'ephemeral');
    const startMs = clock.nowMs();
    // Only heartbeats that were answered move it.
    await until('it lives three times as long', () => one.client.aliveUntilMs > startMs + 3 * 1_000);
    expect(one.client.aliveUntilMs).toBeLessThanOrEqual(clock.nowMs() + 1_000);
    expect((await admin.exists(`${root}/mine`))?.ephemeralOwner).toBe(one.client.sessionId);
    expect(one.kinds()).not.toContain('expired');
  });

  it('is moved no further by a heartbeat that comes right after another', async () => {
    const one = made({ sessionMs: 60_000 });
    await one.client.connect();
    const beforeMs = one.client.aliveUntilMs;
    await one.client.ping();
    // The leader may not have heard of the last half tick yet.
    expect(one.client.aliveUntilMs).toBe(beforeMs);
  });

  it('goes on over another connection, with its nodes', async () => {
    const one = made();
    await one.client.connect();
    const { sessionId } = one.client;
    await one.client.create(`${root}/mine`, NOTHING, 'ephemeral');
    const untilMs = one.client.aliveUntilMs;
    for (let times = 1; times <= 3; times++) {
      proxy.cut();
      await until('it connects again', () => proxy.accepted > times && one.client.isConnected);
    }
    expect(one.client.sessionId).toBe(sessionId);
    expect((await one.client.exists(`${root}/mine`))?.ephemeralOwner).toBe(sessionId);
    expect(one.client.aliveUntilMs).toBeGreaterThan(untilMs);
    expect(one.events.filter(({ kind }) => kind === 'connected')).toEqual([
      { kind: 'connected', isNewSession: true },
      ...Array.from({ length: 3 }, () => ({ kind: 'connected', isNewSession: false })),
    ]);
  });

  it('goes on when its server was down and starts again', async () => {
    const own = await ZooKeeperServer.start();
    try {
      const one = made({}, own.port);
      await one.client.connect();
      await one.client.create('/mine', NOTHING, 'ephemeral');
      await own.kill();
      await until('it is told', () => kindsOf(one) === 'connected disconnected');
      await own.restart();
      await one.client.connect();
      expect((await one.client.exists('/mine'))?.ephemeralOwner).toBe(one.client.sessionId);
    } finally {
      await Promise.all(open.map((client) => client.close()));
      await own.stop();
    }
  });
});

describe('a connection that is lost', () => {
  it('leaves what is under way unknown, and lets nothing be sent', async () => {
    const one = made();
    await one.client.connect();
    const lost = proxy.loseReply(OPERATIONS.create);
    const request = one.client.create(`${root}/made`, NOTHING, 'persistent');
    const behind = one.client.remove(`${root}/none`);
    proxy.refuse();
    const [first, second] = await Promise.all([failureOf(request), failureOf(behind), lost]);
    expect(first).toMatchObject({ code: 'CONNECTION_LOSS', isTransient: true, path: `${root}/made` });
    expect(first.message).toContain(`create "${root}/made"`);
    expect(second).toMatchObject({ code: 'CONNECTION_LOSS', path: `${root}/none` });
    expect(await admin.exists(`${root}/made`)).toBeDefined();
    const unsent = await failureOf(one.client.create(`${root}/other`, NOTHING, 'persistent'));
    expect(unsent).toMatchObject({ code: 'NOT_CONNECTED', isTransient: true, path: `${root}/other` });
    proxy.flow();
    await one.client.connect();
    expect((await one.client.children(root)).names).toEqual(['made']);
  });

  it('is told when it happens, before what is asked then fails', async () => {
    const order: string[] = [];
    const one = made({ onEvent: ({ kind }) => order.push(kind) });
    await one.client.connect();
    const held = proxy.holdReply(OPERATIONS.create);
    const request = failureOf(one.client.create(`${root}/a`, NOTHING, 'persistent'));
    await held.reached;
    proxy.refuse();
    proxy.cut();
    await request.then(() => order.push('failed'));
    expect(order).toEqual(['connected', 'disconnected', 'failed']);
  });
});

describe('a silent partition', () => {
  it.each([[['toServer']], [['toClient']], [['toServer', 'toClient']]] as const)(
    'is noticed before the server has ended the session (%j)',
    async (directions) => {
      const one = made({ sessionMs: 2_000 });
      await one.client.connect();
      await one.client.create(`${root}/mine`, NOTHING, 'ephemeral');
      const order: string[] = [];
      await admin.exists(`${root}/mine`, () => order.push('the server ended it'));
      proxy.swallow(...directions);
      await until('it is told', () => kindsOf(one) === 'connected disconnected');
      order.push('noticed');
      expect(one.client.isConnected).toBe(false);
      await until('nobody believes in it', () => clock.nowMs() > one.client.aliveUntilMs);
      order.push('believed no more');
      await until('the server ended it', () => order.length === 3);
      expect(order).toEqual(['noticed', 'believed no more', 'the server ended it']);
      proxy.flow();
      await until('it is told that it expired', () => one.kinds().includes('expired'));
      expect(kindsOf(one)).toBe('connected disconnected expired');
    },
  );

  it('of one server sends the session to another, in time', async () => {
    const other = await ZooKeeperProxy.start(server.port);
    const one = newZooKeeperClient([proxy.port, other.port], { clock, sessionMs: 3_000 });
    try {
      await one.client.connect();
      const [silent, good] = proxy.accepted === 1 ? [proxy, other] : [other, proxy];
      await one.client.create(`${root}/mine`, NOTHING, 'ephemeral');
      const untilMs = one.client.aliveUntilMs;
      silent.swallow('toServer', 'toClient');
      await until('it is connected to the other', () => good.accepted === 1 && one.client.isConnected);
      expect(one.client.aliveUntilMs).toBeGreaterThan(untilMs);
      expect(kindsOf(one)).toBe('connected disconnected connected');
      expect((await one.client.exists(`${root}/mine`))?.ephemeralOwner).toBe(one.client.sessionId);
    } finally {
      await one.client.close();
      await other.stop();
    }
  });

  it('ends what is under way', async () => {
    const one = made({ sessionMs: 1_000 });
    await one.client.connect();
    proxy.swallow('toClient');
    expect(await failureOf(one.client.children(root))).toMatchObject({ code: 'CONNECTION_LOSS' });
  });
});

describe('a session that expired', () => {
  /** Ends it from outside, as its time would. */
  async function ended(one: TestClient): Promise<void> {
    proxy.refuse();
    proxy.cut();
    await until('it is gone on the server', async () => !(await admin.exists(`${root}/mine`)));
    proxy.flow();
    await until('it is told', () => one.kinds().includes('expired'));
  }

  async function opened(options: Partial<ZooKeeperOptions> = {}): Promise<TestClient> {
    const one = made({ sessionMs: 500, ...options });
    await one.client.connect();
    await one.client.create(`${root}/mine`, NOTHING, 'ephemeral');
    return one;
  }

  it('is told once, and its watchers are dropped', async () => {
    const one = await opened();
    const seen: string[] = [];
    await one.client.exists(`${root}/mine`, ({ kind }) => seen.push(kind));
    await ended(one);
    expect(kindsOf(one)).toBe('connected disconnected expired');
    expect([seen, one.client.isConnected]).toEqual([[], false]);
    await expectNothingLeft();
    const failure = await failureOf(one.client.exists(root));
    expect(failure).toMatchObject({ code: 'SESSION_EXPIRED', isTransient: true });
    expect(clock.nowMs()).toBeGreaterThan(one.client.aliveUntilMs);
  });

  it('is followed by another when `connect` is called again', async () => {
    const one = await opened();
    const { sessionId } = one.client;
    const seen: string[] = [];
    await one.client.exists(`${root}/mine`, ({ kind }) => seen.push(kind));
    await ended(one);
    await one.client.connect();
    expect(one.client.sessionId).not.toBe(sessionId);
    expect(one.events.at(-1)).toEqual({ kind: 'connected', isNewSession: true });
    expect(one.client.aliveUntilMs).toBeGreaterThan(clock.nowMs());
    await one.client.create(`${root}/mine`, NOTHING, 'ephemeral');
    expect(seen).toEqual([]);
  });

  it('may be followed by another from within the event', async () => {
    const again = deferred<void>();
    const one: TestClient = await opened({
      onEvent: ({ kind }) => {
        if (kind === 'expired') one.client.connect().then(again.resolve, again.reject);
      },
    });
    await ended(one);
    await again.promise;
    expect(kindsOf(one)).toBe('connected disconnected expired connected');
  });

  it('tells who waits for it to be resumed', async () => {
    const one = await opened();
    proxy.refuse();
    proxy.cut();
    await until('it is cut', () => !one.client.isConnected);
    const waiting = failureOf(one.client.connect());
    await until('it is gone on the server', async () => !(await admin.exists(`${root}/mine`)));
    proxy.flow();
    expect(await waiting).toMatchObject({ code: 'SESSION_EXPIRED', isTransient: true });
  });

  it('by the hand of another that resumed and closed it, is told at once', async () => {
    const one = await opened({ sessionMs: 20_000 });
    // Greets as the session's own client would, from elsewhere, and ends it.
    const password = proxy.passwords.at(-1)!;
    proxy.refuse();
    await endZooKeeperSession(server.port, one.client.sessionId, password);
    expect(one.client.aliveUntilMs).toBeGreaterThan(clock.nowMs());
    proxy.flow();
    await until('it is told', () => one.kinds().includes('expired'));
    expect(kindsOf(one)).toBe('connected disconnected expired');
    expect(one.client.aliveUntilMs).toBe(-Infinity);
  });

  it('is given up here where no server is reached in all its time', async () => {
    const one = await opened();
    proxy.refuse();
    proxy.cut();
    await until('it is told', () => one.kinds().includes('expired'));
    expect(kindsOf(one)).toBe('connected disconnected expired');
    expect(clock.pending).toBe(0);
    proxy.flow();
    await one.client.connect();
    expect(one.events.at(-1)).toEqual({ kind: 'connected', isNewSession: true });
  });

  it('is given up where the servers have lost their data, and another is opened', async () => {
    const [before, after] = [await ZooKeeperServer.start(), await ZooKeeperServer.start()];
    const between = await ZooKeeperProxy.start(before.port);
    const one = newZooKeeperClient([between.port], { clock, sessionMs: 1_000 });
    try {
      await one.client.connect();
      await Promise.all(
        Array.from({ length: 20 }, () => one.client.create('/n-', NOTHING, 'persistent-sequential')),
      );
      between.targetPort = after.port;
      between.cut();
      await until('it is told', () => one.kinds().includes('expired'));
      await one.client.connect();
      expect((await one.client.children('/')).names).toEqual(['zookeeper']);
    } finally {
      await one.client.close();
      await between.stop();
      await Promise.all([before.stop(), after.stop()]);
    }
  });
});

describe('servers that do not answer', () => {
  it('are named, with what became of each, when the time for it is over', async () => {
    const [closedPort, silent] = [
      await freePort(),
      createServer((socket) => socket.on('error', () => undefined)),
    ];
    await new Promise<void>((resolve) => {
      silent.listen(0, '127.0.0.1', resolve);
    });
    const { port } = silent.address() as { port: number };
    const one = newZooKeeperClient([closedPort, port], { clock, connectMs: 1_000, sessionMs: 1_200 });
    const error = await failureOf(one.client.connect());
    expect(error).toMatchObject({ code: 'NO_SERVER', isTransient: true });
    expect(error.message).toContain(`127.0.0.1:${closedPort}`);
    expect(error.message).toContain('ECONNREFUSED');
    expect(error.message).toContain('no answer within 400 ms');
    expect(one.events).toEqual([]);
    expect(clock.pending).toBe(0);
    await one.client.close();
    await new Promise((resolve) => {
      silent.close(resolve);
    });
  });

  it('may answer later: `connect` waits for them, and can be called again after it failed', async () => {
    const one = made({ connectMs: 300 });
    proxy.refuse();
    expect(await failureOf(one.client.connect())).toMatchObject({ code: 'NO_SERVER' });
    const second = one.client.connect();
    proxy.flow();
    await second;
    expect(kindsOf(one)).toBe('connected');
  });

  it('but speak something else are not taken for ZooKeeper', async () => {
    const web = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    });
    await new Promise<void>((resolve) => {
      web.listen(0, '127.0.0.1', resolve);
    });
    const { port } = web.address() as { port: number };
    const one = newZooKeeperClient([port], { clock, connectMs: 300 });
    const error = await failureOf(one.client.connect());
    expect(error.message).toContain('a frame says that it is 1213486160 bytes long');
    await one.client.close();
    await new Promise((resolve) => {
      web.close(resolve);
    });
  });

  it('do not keep a session that is being resumed from being resumed later', async () => {
    const one = made({ connectMs: 200 });
    await one.client.connect();
    proxy.refuse();
    proxy.cut();
    await until('it is cut', () => !one.client.isConnected);
    expect(await failureOf(one.client.connect())).toMatchObject({ code: 'NO_SERVER' });
    proxy.flow();
    await until('it is resumed', () => one.client.isConnected);
    expect(one.events.at(-1)).toEqual({ kind: 'connected', isNewSession: false });
  });
});

describe('credentials that the server refuses', () => {
  let strict: ZooKeeperServer;
  beforeAll(async () => {
    strict = await ZooKeeperServer.start({ properties: NO_DIGEST });
  });
  afterAll(async () => {
    await strict.stop();
  });
  const auth = { scheme: 'digest', credentials: 'me:secret' } as const;

  it('fail `connect` at once, for good', async () => {
    const one = newZooKeeperClient([strict.port], { clock, auth });
    const error = await failureOf(one.client.connect());
    expect(error).toMatchObject({ code: 'AUTH_FAILED', isTransient: false, serverCode: -115 });
    expect(error.message).not.toContain('secret');
    expect([one.events, clock.pending]).toEqual([[], 0]);
    await one.client.close();
  });

  it('while a session is resumed end it, and it is told', async () => {
    const own = await ZooKeeperServer.start();
    const one = newZooKeeperClient([own.port], { clock, auth });
    try {
      await one.client.connect();
      await own.restart(NO_DIGEST);
      await until('it is told', () => one.kinds().includes('failed'));
      expect(one.events.at(-1)).toMatchObject({ kind: 'failed', error: { code: 'AUTH_FAILED' } });
      expect([one.client.isConnected, clock.pending]).toEqual([false, 0]);
    } finally {
      await one.client.close();
      await own.stop();
    }
  });
});

describe('close', () => {
  it('ends the session on the server, and is done once', async () => {
    const one = made();
    await one.client.connect();
    await one.client.create(`${root}/mine`, NOTHING, 'ephemeral');
    await Promise.all([one.client.close(), one.client.close()]);
    await expectNothingLeft();
    expect(await admin.exists(`${root}/mine`)).toBeUndefined();
    await one.client.close();
    expect(await failureOf(one.client.exists(root))).toMatchObject({ code: 'CLOSED', isTransient: false });
    expect(await failureOf(one.client.connect())).toMatchObject({ code: 'CLOSED' });
    expect(kindsOf(one)).toBe('connected');
  });

  it('before anything was opened does nothing', async () => {
    await made().client.close();
    expect(proxy.accepted).toBe(0);
  });

  it('while a session is being opened ends that', async () => {
    const one = made();
    proxy.hold('toClient');
    const opening = failureOf(one.client.connect());
    await until('it greets', () => proxy.writes.length > 0);
    await one.client.close();
    expect(await opening).toMatchObject({ code: 'CLOSED' });
    expect([clock.pending, kindsOf(one)]).toEqual([0, '']);
  });

  it('between attempts to open one leaves no timer', async () => {
    const one = made();
    proxy.refuse();
    const opening = failureOf(one.client.connect());
    await until('it pauses', () => clock.pending > 1);
    await one.client.close();
    expect(await opening).toMatchObject({ code: 'CLOSED' });
    expect(clock.pending).toBe(0);
  });

  it('while it is away looks for a server, to end the session there', async () => {
    const one = made();
    await one.client.connect();
    await one.client.create(`${root}/mine`, NOTHING, 'ephemeral');
    proxy.refuse();
    proxy.cut();
    await until('it is cut', () => !one.client.isConnected);
    const closing = one.client.close();
    proxy.flow();
    await closing;
    expect(await admin.exists(`${root}/mine`)).toBeUndefined();
    expect(kindsOf(one)).toBe('connected disconnected');
  });

  it.each(['is silent', 'is not there'])('is bounded where the server %s', async (how) => {
    const one = made({ sessionMs: 2_000 });
    await one.client.connect();
    await one.client.create(`${root}/mine`, NOTHING, 'ephemeral');
    const order: string[] = [];
    await admin.exists(`${root}/mine`, () => order.push('the server ended it'));
    if (how === 'is silent') proxy.swallow('toServer', 'toClient');
    else {
      proxy.refuse();
      proxy.cut();
      await until('it is told', () => kindsOf(one) === 'connected disconnected');
    }
    await one.client.close();
    order.push('closed');
    await expectNothingLeft();
    await until('the server ended it', () => order.length === 2);
    expect(order).toEqual(['closed', 'the server ended it']);
  });

  it('from within an event ends everything', async () => {
    const one: TestClient = made({
      onEvent: ({ kind }) => {
        if (kind === 'disconnected') void one.client.close();
      },
    });
    await one.client.connect();
    proxy.refuse();
    proxy.cut();
    await until('it is told', () => kindsOf(one) === 'connected disconnected');
    proxy.flow();
    await one.client.close();
    await expectNothingLeft();
  });

  it('leaves nothing of a session that it ended, however it came', async () => {
    const connections = async () => (await server.counts()).connections;
    const before = await connections();
    for (let times = 0; times < 10; times++) {
      const one = made({ sessionMs: 1_000 });
      await one.client.connect();
      const create = one.client.create(`${root}/n-`, NOTHING, 'ephemeral-sequential');
      if (times % 2 === 0) proxy.cut();
      await create.catch(() => undefined);
      await one.client.close();
      expect(clock.pending).toBe(0);
    }
    await until('the server has noticed', async () => (await connections()) === before);
    expect((await admin.children(root)).names).toEqual([]);
  });
});
