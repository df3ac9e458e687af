import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ClientProcess } from '../support/client-process.js';
import { ClientProgram } from '../support/client-program.js';
import { control } from '../support/control.js';
import { RedisServer, type RedisServerOptions } from '../support/redis-server.js';
import { until } from '../support/until.js';

/** Clients in processes of their own, killed, stopped and cut off. Their watchdog lease is 2 s. */

const LEASE_MS = 2_000;
/** One dead waiter costs its claim and the look of who comes behind; many together not more than their silence. */
const LOOK_MS = 750;
const DEAD_WAITER_MS = 1_000 + LOOK_MS;
const DEAD_WAITERS_MS = 3_000 + LOOK_MS;
/** Of each of the 32 requests that count together. */
const SECTIONS_EACH = 60;
/** What a busy machine may add before the control, which suffers the same, is overtaken. */
const MARGIN_MS = 1_500;

let program: ClientProgram;
const servers: RedisServer[] = [];
const clients: ClientProcess[] = [];
let keys = 0;

beforeAll(() => {
  program = ClientProgram.build();
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.kill()));
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});
afterAll(() => {
  program.remove();
});

async function start(options?: RedisServerOptions): Promise<RedisServer> {
  const server = await RedisServer.start(options);
  servers.push(server);
  return server;
}

async function clientsOf(
  server: RedisServer,
  count: number,
  settings: object = {},
): Promise<ClientProcess[]> {
  const started = await Promise.all(
    Array.from({ length: count }, () => ClientProcess.start(program, server.url, settings)),
  );
  clients.push(...started);
  return started;
}

const newKey = (): string => `fault-${++keys}`;

async function untilWaiting(server: RedisServer, key: string, waiters: number): Promise<void> {
  await until(`${waiters} wait`, async () => (await server.admin.zcard(`{fault:${key}}:line`)) === waiters);
}

describe('processes that share one Redis', () => {
  it('never overlap, and their tokens grow: four with eight requests each', async () => {
    const server = await start();
    const folder = await mkdtemp(join(tmpdir(), 'lock-test-count-'));
    const file = join(folder, 'count');
    await writeFile(file, '0 0');
    const all = await clientsOf(server, 4);
    await Promise.all(
      all.flatMap((client) =>
        Array.from({ length: 8 }, () => client.ask('increment', 'count', file, SECTIONS_EACH)),
      ),
    );
    expect(await readFile(file, 'utf8')).toMatch(new RegExp(`^${4 * 8 * SECTIONS_EACH} `));
    await rm(folder, { recursive: true });
  });

  it('gives the lock to the next waiter when the holder is killed', async () => {
    const server = await start();
    const [a, b] = await clientsOf(server, 2);
    const key = newKey();
    const before = await a!.acquire(key);
    const waiting = b!.acquire(key);
    await untilWaiting(server, key, 1);
    await a!.kill();
    const first = await Promise.race([waiting, control(server.url, LEASE_MS + MARGIN_MS)]);
    expect(first).toMatchObject({ token: expect.any(Number) });
    expect((await waiting).token).toBeGreaterThan(before.token);
  });

  it.each([
    ['one dead waiter', 1, DEAD_WAITER_MS],
    ['five dead waiters of five processes', 5, DEAD_WAITERS_MS],
  ])('passes over %s', async (_, dead, costMs) => {
    const server = await start();
    const [holder, living, ...doomed] = await clientsOf(server, dead + 2);
    const key = newKey();
    await holder!.acquire(key);
    for (const [index, client] of doomed.entries()) {
      client.acquire(key).catch(() => undefined);
      await untilWaiting(server, key, index + 1);
    }
    const waiting = living!.acquire(key);
    await untilWaiting(server, key, dead + 1);
    await Promise.all(doomed.map((client) => client.kill()));
    await holder!.ask('release', key);
    const first = await Promise.race([waiting, control(server.url, costMs + MARGIN_MS)]);
    expect(first).toMatchObject({ token: expect.any(Number) });
  });

  it('outlives the holder and the first waiter killed together', async () => {
    const server = await start();
    const [holder, doomed, living] = await clientsOf(server, 3);
    const key = newKey();
    await holder!.acquire(key);
    doomed!.acquire(key).catch(() => undefined);
    await untilWaiting(server, key, 1);
    const waiting = living!.acquire(key);
    await untilWaiting(server, key, 2);
    await Promise.all([holder!.kill(), doomed!.kill()]);
    const first = await Promise.race([waiting, control(server.url, LEASE_MS + DEAD_WAITER_MS + MARGIN_MS)]);
    expect(first).toMatchObject({ token: expect.any(Number) });
  });

  it('tells a holder that was stopped beyond its lease, and leaves the next one alone', async () => {
    const server = await start();
    const [a, b] = await clientsOf(server, 2);
    const key = newKey();
    const before = await a!.acquire(key);
    const waiting = b!.acquire(key);
    await untilWaiting(server, key, 1);
    a!.signal('SIGSTOP');
    const after = await waiting;
    expect(after.token).toBeGreaterThan(before.token);
    a!.signal('SIGCONT');
    expect(await a!.ask('state', key)).toMatchObject({ isHeld: false });
    await until('the holder was told', () => a!.hasLost(key));
    await a!.ask('release', key);
    expect(await b!.ask('state', key)).toEqual({ isHeld: true, isTold: false });
  });

  it('tells the holder of a server that forgot everything, and grants to who waits', async () => {
    const server = await start();
    const [a, b] = await clientsOf(server, 2);
    const key = newKey();
    const before = await a!.acquire(key);
    const waiting = b!.acquire(key);
    await untilWaiting(server, key, 1);
    await server.restart();
    await until('the holder was told', () => a!.hasLost(key));
    expect((await waiting).token).toBeGreaterThan(before.token);
    expect(await b!.ask('state', key)).toEqual({ isHeld: true, isTold: false });
  });

  it('keeps the lock over the restart of a server that keeps its data', async () => {
    const server = await start({ keepsData: true });
    const [a, b] = await clientsOf(server, 2, { watchdogMs: 10_000 });
    const key = newKey();
    const before = await a!.acquire(key);
    const waiting = b!.acquire(key);
    await untilWaiting(server, key, 1);
    await server.restart();
    await untilWaiting(server, key, 1);
    expect(await a!.ask('state', key)).toEqual({ isHeld: true, isTold: false });
    await a!.ask('release', key);
    expect((await waiting).token).toBeGreaterThan(before.token);
    expect(a!.hasLost(key)).toBe(false);
  });

  it('ends by itself on SIGTERM: waiters are told, holds are given to others at once', async () => {
    const server = await start();
    const [leaving, other] = await clientsOf(server, 2, { watchdogMs: 30_000 });
    const held = [newKey(), newKey(), newKey()];
    for (const key of held) await leaving!.acquire(key);
    const taken = newKey();
    await other!.acquire(taken);
    const told = Array.from({ length: 5 }, () =>
      leaving!.acquire(taken, { fair: true }).then(
        () => 'held',
        (error: { code: string }) => error.code,
      ),
    );
    await untilWaiting(server, taken, 5);
    const next = held.map((key) => other!.acquire(key));
    for (const key of held) await untilWaiting(server, key, 1);
    leaving!.signal('SIGTERM');
    expect(await Promise.all(told)).toEqual(Array.from({ length: 5 }, () => 'LOCK_CLOSED'));
    expect(await leaving!.exit()).toBe(0);
    const first = await Promise.race([Promise.all(next), control(server.url, 10_000)]);
    expect(first).toHaveLength(3);
    expect(await server.admin.zcard(`{fault:${taken}}:line`)).toBe(0);
  });

  it('serves a hot key: a thousand waiters in four processes, without error or growth', async () => {
    const server = await start();
    const all = await clientsOf(server, 4);
    const forMs = Number(process.env['HOT_KEY_MS'] ?? 4_000);
    const results = await Promise.all(
      all.map((client) =>
        client.ask<{ rounds: number; grownBy: number }>('churn', 'hot', { waiters: 250, forMs }),
      ),
    );
    for (const { rounds, grownBy } of results) {
      expect(rounds).toBeGreaterThan(250);
      expect(grownBy).toBeLessThan(100 * 1024 * 1024);
    }
    expect(await server.admin.exists('{fault:hot}:line', '{fault:hot}:who', '{fault:hot}:called')).toBe(0);
  });
});
