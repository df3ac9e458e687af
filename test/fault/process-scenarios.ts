import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { until } from '../support/until.js';
import type { BackEnd, TestServer } from './back-end.js';
import { ProcessStage } from './process-stage.js';

/** Clients in processes of their own, killed, stopped and cut off. Their watchdog lease is 2 s. */

const LEASE_MS = 2_000;
/** Of each of the 32 requests that count together. */
const SECTIONS_EACH = 60;
/** What a busy machine may add before the control, which suffers the same, is overtaken. */
const MARGIN_MS = 1_500;

const granted = { token: expect.any(Number) };

/** What every back end with a server of its own keeps, whoever of its clients dies, and whatever becomes of the server. */
export function describeProcesses<Server extends TestServer>(backEnd: BackEnd<Server>): void {
  describe(`processes that share one ${backEnd.name}`, () => {
    const stage = ProcessStage.of(backEnd);
    excludeEachOther(stage);
    outliveTheHolder(stage, backEnd);
    outliveWaiters(stage, backEnd);
    comeAndGo(stage, backEnd);
  });
}

type Stage = Pick<ProcessStage, keyof ProcessStage>;

function excludeEachOther(stage: Stage): void {
  it('never overlap, and their tokens grow: four with eight requests each', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lock-test-count-'));
    const file = join(folder, 'count');
    await writeFile(file, '0 0');
    const all = await stage.clients(4);
    await Promise.all(
      all.flatMap((client) =>
        Array.from({ length: 8 }, () => client.ask('increment', 'count', file, SECTIONS_EACH)),
      ),
    );
    expect(await readFile(file, 'utf8')).toMatch(new RegExp(`^${4 * 8 * SECTIONS_EACH} `));
    await rm(folder, { recursive: true });
  });
}

function outliveTheHolder(stage: Stage, { promises }: Pick<BackEnd, 'promises'>): void {
  it('give the lock to the next waiter when the holder is killed', async () => {
    const [a, b] = await stage.clients(2);
    const key = stage.newKey();
    const before = await a!.acquire(key);
    const waiting = b!.acquire(key);
    await stage.untilWaiting(key, 1);
    await a!.kill();
    const late = stage.control(promises.deadHolderMs(LEASE_MS) + MARGIN_MS);
    expect(await Promise.race([waiting, late])).toMatchObject(granted);
    expect((await waiting).token).toBeGreaterThan(before.token);
  });

  it('tell a holder that was stopped beyond its lease, and leave the next one alone', async () => {
    const [a, b] = await stage.clients(2);
    const key = stage.newKey();
    const before = await a!.acquire(key);
    const waiting = b!.acquire(key);
    await stage.untilWaiting(key, 1);
    a!.signal('SIGSTOP');
    const after = await waiting;
    expect(after.token).toBeGreaterThan(before.token);
    a!.signal('SIGCONT');
    expect(await a!.ask('state', key)).toMatchObject({ isHeld: false });
    await until('the holder was told', () => a!.hasLost(key));
    await a!.ask('release', key);
    expect(await b!.ask('state', key)).toEqual({ isHeld: true, isTold: false });
  });

  it('are granted what the holder and the first waiter, killed together, have left', async () => {
    const [holder, doomed, living] = await stage.clients(3);
    const key = stage.newKey();
    await holder!.acquire(key);
    doomed!.acquire(key).catch(() => undefined);
    await stage.untilWaiting(key, 1);
    const waiting = living!.acquire(key);
    await stage.untilWaiting(key, 2);
    await Promise.all([holder!.kill(), doomed!.kill()]);
    const late = stage.control(promises.deadHolderMs(LEASE_MS) + promises.deadWaiterMs + MARGIN_MS);
    expect(await Promise.race([waiting, late])).toMatchObject(granted);
  });
}

function outliveWaiters(stage: Stage, { promises }: Pick<BackEnd, 'promises'>): void {
  it.each([
    ['one dead waiter', 1, promises.deadWaiterMs],
    ['five dead waiters of five processes', 5, promises.deadWaitersMs],
  ])('pass over %s', async (_, dead, costMs) => {
    const [holder, living, ...doomed] = await stage.clients(dead + 2);
    const key = stage.newKey();
    await holder!.acquire(key);
    for (const [index, client] of doomed.entries()) {
      client.acquire(key).catch(() => undefined);
      await stage.untilWaiting(key, index + 1);
    }
    const waiting = living!.acquire(key);
    await stage.untilWaiting(key, dead + 1);
    await Promise.all(doomed.map((client) => client.kill()));
    await holder!.ask('release', key);
    const late = stage.control(costMs + MARGIN_MS);
    expect(await Promise.race([waiting, late])).toMatchObject(granted);
  });

  it('serve a hot key, many waiters in four processes, without error or growth', async () => {
    const all = await stage.clients(4);
    const waiters = promises.hotWaiters / all.length;
    const forMs = Number(process.env['HOT_KEY_MS'] ?? 2_500);
    const results = await Promise.all(
      all.map((client) =>
        client.ask<{ rounds: number; grownBy: number }>('churn', 'hot', { waiters, forMs }),
      ),
    );
    for (const { rounds, grownBy } of results) {
      expect(rounds).toBeGreaterThan(waiters);
      expect(grownBy).toBeLessThan(100 * 1024 * 1024);
    }
    await stage.untilWaiting('hot', 0);
    expect(await stage.holders('hot')).toBe(0);
  });
}

function comeAndGo(stage: Stage, { promises }: Pick<BackEnd, 'promises'>): void {
  it('end by themselves on SIGTERM: waiters are told, holds are given to others at once', async () => {
    const [leaving, other] = await stage.clients(2, { watchdogMs: 30_000 });
    const held = [stage.newKey(), stage.newKey(), stage.newKey()];
    for (const key of held) await leaving!.acquire(key);
    const taken = stage.newKey();
    await other!.acquire(taken);
    const told = Array.from({ length: 5 }, () =>
      leaving!.acquire(taken, { fair: true }).then(
        () => 'held',
        (error: { code: string }) => error.code,
      ),
    );
    await stage.untilWaiting(taken, 5);
    const next = held.map((key) => other!.acquire(key));
    for (const key of held) await stage.untilWaiting(key, 1);
    leaving!.signal('SIGTERM');
    expect(await Promise.all(told)).toEqual(Array.from({ length: 5 }, () => 'LOCK_CLOSED'));
    expect(await leaving!.exit()).toBe(0);
    expect(await Promise.race([Promise.all(next), stage.control(10_000)])).toHaveLength(3);
    await stage.untilWaiting(taken, 0);
  });

  if (!promises.keepsData) return;

  it('keep the lock over the restart of the server, and the next waiter gets it afterwards', async () => {
    const watchdogMs = 6_000;
    const [a, b] = await stage.clients(2, { watchdogMs });
    const key = stage.newKey();
    const before = await a!.acquire(key);
    const waiting = b!.acquire(key);
    await stage.untilWaiting(key, 1);
    await stage.server.kill();
    // So long that a renewal fails, and not so long that the lease ends.
    await sleep(watchdogMs / 3 + 200);
    await stage.server.restart();
    await stage.untilWaiting(key, 1);
    expect(await a!.ask('state', key)).toEqual({ isHeld: true, isTold: false });
    expect(await stage.holders(key)).toBe(1);
    await a!.ask('release', key);
    expect((await waiting).token).toBeGreaterThan(before.token);
    expect(a!.hasLost(key)).toBe(false);
  });
}
