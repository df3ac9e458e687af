import { describe, expect, it } from '@jest/globals';
import { requestFor } from '../support/open-session.js';
import { until } from '../support/until.js';
import type { BackEnd, TestServer } from './back-end.js';
import { NetworkStage } from './network-stage.js';

/** The look of a waiter that was told nothing, and what a busy machine may add to it. */
const LOOK_MS = 750;
const MARGIN_MS = 1_500;

/** What every back end keeps over a wire that loses, delays and cuts. The watchdog lease is 3 s. */
export function describeNetwork<Server extends TestServer>(backEnd: BackEnd<Server>): void {
  describe(`a client of ${backEnd.name} whose wire`, () => {
    const stage = NetworkStage.of(backEnd);
    losesAnswers(stage, backEnd);
    isLate(stage, backEnd);
    isCut(stage);
    if (backEnd.cutEars) losesMessages(stage);
  });
}

type Stage = Pick<NetworkStage, keyof NetworkStage>;

function losesAnswers(stage: Stage, { words }: Pick<BackEnd, 'words'>): void {
  it('loses the answer to its acquire holds once, and nobody else does', async () => {
    // A grant to nobody would stand in the way for longer than anybody waits here.
    const [bad, good] = await stage.badAndGood({ watchdogMs: 60_000 });
    const key = stage.newKey();
    const lost = stage.proxy.loseAnswer(words.acquire);
    const handle = await bad.acquire(key);
    await lost;
    const { holders } = await good.inspect(key);
    expect(holders).toMatchObject([{ fencingToken: handle.fencingToken }]);
    expect(await good.tryAcquire(key)).toBeNull();
    await handle.release();
    const next = await good.acquire(key);
    expect(next.fencingToken).toBeGreaterThan(handle.fencingToken);
  });

  it('loses the answer to its release leaves the next holder alone', async () => {
    const [bad, good] = await stage.badAndGood();
    const key = stage.newKey();
    const handle = await bad.acquire(key);
    const waiting = good.acquire(key);
    await stage.untilWaiting(good, key, 1);
    const lost = stage.proxy.loseAnswer(words.release);
    const released = handle.release();
    await lost;
    const next = await waiting;
    await released;
    expect(next.isHeld).toBe(true);
    expect((await good.inspect(key)).holders).toMatchObject([{ owner: next.owner }]);
    expect(handle.signal.aborted).toBe(false);
  });

  it('loses the answer that gave it a place keeps one place', async () => {
    const [bad, good] = await stage.badAndGood();
    const key = stage.newKey();
    const holder = await good.acquire(key);
    const lost = stage.proxy.loseAnswer(words.acquire);
    const waiting = bad.acquire(key);
    await lost;
    await holder.release();
    expect((await waiting).isHeld).toBe(true);
    expect((await good.inspect(key)).waiters).toBe(0);
  });

  it('swallows only what comes back finds out by itself, and goes on over a new one', async () => {
    const [bad] = await stage.badAndGood();
    const key = stage.newKey();
    await (await bad.acquire(key)).release();
    stage.proxy.swallow('toClient');
    const asked = bad.acquire(key, { waitTime: 60_000 });
    await stage.control(300);
    stage.proxy.flow();
    // The old connection stays dumb: its answers are lost, and nobody says so.
    expect((await asked).isHeld).toBe(true);
  });
}

function isLate(stage: Stage, { words }: Pick<BackEnd, 'words'>): void {
  it('delivers an acquire late makes no ghost of a request that gave up', async () => {
    const [bad, good] = await stage.badAndGood({ watchdogMs: 30_000 });
    const key = stage.newKey();
    const late = stage.proxy.holdRequest(words.acquire);
    await expect(bad.acquire(key, { waitTime: 200 })).rejects.toMatchObject({ code: 'LOCK_STORE' });
    await (await good.acquire(key)).release();
    late.release();
    await late.answered;
    // A ghost would hold for 30 s.
    const next = await Promise.race([good.acquire(key), stage.control(LOOK_MS + MARGIN_MS)]);
    expect(next).toMatchObject({ isHeld: true });
  });

  it('keeps an answer to itself closes nevertheless, and rejects what was under way', async () => {
    const session = await stage.badSession();
    const { reached } = stage.proxy.holdAnswer(words.acquire);
    const asked = session.acquire(requestFor(stage.newKey())).catch((error: unknown) => error);
    await reached;
    await session.close();
    expect(await asked).toMatchObject({ code: 'LOCK_STORE', isTransient: false });
  });

  it('is slow holds no longer than it may', async () => {
    const [bad, good] = await stage.badAndGood();
    const key = stage.newKey();
    stage.proxy.delay(30);
    const handle = await bad.acquire(key, { leaseTime: 400 });
    // The answer alone took longer than the wire's delay, twice.
    expect(handle.remainingMs()).toBeLessThan(400 - 2 * 29);
    const next = await good.acquire(key);
    expect(handle.isHeld).toBe(false);
    expect(next.fencingToken).toBeGreaterThan(handle.fencingToken);
  });
}

function isCut(stage: Stage): void {
  it('is down for a part of its lease keeps its lock', async () => {
    const [bad, good] = await stage.badAndGood();
    const key = stage.newKey();
    const handle = await bad.acquire(key);
    stage.proxy.refuse();
    stage.proxy.reset();
    await stage.control(1_200);
    stage.proxy.flow();
    // Beyond the lease as it was before.
    await stage.control(2_500);
    expect(handle.isHeld).toBe(true);
    expect(await good.tryAcquire(key)).toBeNull();
    await handle.release();
    expect(handle.signal.aborted).toBe(false);
  });

  it('becomes a black hole is told that it lost before anybody else may hold', async () => {
    const [bad, good] = await stage.badAndGood();
    const key = stage.newKey();
    const handle = await bad.acquire(key);
    const order: string[] = [];
    handle.signal.addEventListener('abort', () => order.push('told'));
    const waiting = good.acquire(key).then((next) => {
      order.push('granted');
      return next;
    });
    await stage.untilWaiting(good, key, 1);
    stage.proxy.swallow('toServer', 'toClient');
    const next = await waiting;
    expect(order).toEqual(['told', 'granted']);
    expect(handle.signal.reason).toMatchObject({ code: 'LOCK_LOST' });
    await next.release();
  });
}

function losesMessages(stage: Stage): void {
  it('loses all its messages, and cannot listen again, is granted by its own looks', async () => {
    const [bad, good] = await stage.badAndGood();
    const key = stage.newKey();
    const holder = await good.acquire(key);
    const waiting = bad.acquire(key);
    await stage.untilWaiting(good, key, 1);
    stage.proxy.refuse();
    await stage.cutEars();
    await holder.release();
    const first = await Promise.race([waiting, stage.control(LOOK_MS + MARGIN_MS)]);
    expect(first).toMatchObject({ isHeld: true });
  });

  it('is cut listens again, and its session says that messages may have been missed', async () => {
    const session = await stage.badSession();
    const key = stage.newKey();
    stage.proxy.cut();
    await session.heard('all');
    const [first, second] = [requestFor(key), requestFor(key)];
    await until('it serves', () => session.acquire(first).catch(() => undefined));
    await session.acquire(second);
    await until('it is called', async () => {
      await session.release({ keys: [key], owner: first.owner, refuses: false, keepMs: 0 });
      return session.hints.some((hint) => hint.kind === 'called' && hint.owner === second.owner);
    });
    expect((await session.acquire(second)).kind).toBe('held');
  });
}
