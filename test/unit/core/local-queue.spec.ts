import { beforeEach, describe, expect, it } from '@jest/globals';
import { LocalQueue } from '../../../lib/core/local-queue.js';
import type { Turn, TurnOutcome } from '../../../lib/core/turn.js';
import type { WaitBudget } from '../../../lib/core/wait-budget.js';
import { type ClientWorld, budgetOf, clientWorld, holdersOf, stranger } from './fixture.js';
import { cut, refusal } from './scripted-store.js';
import { type Watched, watched } from './watched.js';

const KEY = 'test:a';
const LIMITS = { mostUsers: 4, mostMs: 50 };

let world: ClientWorld;
let queue: LocalQueue;

beforeEach(async () => {
  world = clientWorld();
  queue = new LocalQueue(world.client, 10_000, LIMITS);
  await world.client.session();
});

interface Entered extends Watched<TurnOutcome> {
  readonly budget: WaitBudget;
}

function enter(waitMs = Infinity): Entered {
  const budget = budgetOf(world, waitMs);
  return Object.assign(watched(queue.enter(KEY, budget)), { budget });
}

function turnOf({ value }: Entered): Turn {
  if (value?.kind !== 'turn') throw new Error(`No turn, but ${value?.kind}.`);
  return value.turn;
}

const settle = (): Promise<void> => world.clock.advanceAsync(0);
const acquires = (): (string | undefined)[] =>
  world.store.sent('acquire').map(({ asAcquire }) => asAcquire.replaces);

/** Leaves its turn, and lets the next begin. */
async function leave(entered: Entered): Promise<void> {
  void turnOf(entered).leave(0);
  await settle();
}

describe('a place', () => {
  it('asks once for all who wait, and the first of them holds', async () => {
    const entered = [enter(), enter(), enter()];
    await settle();
    expect(entered.map(({ state }) => state)).toEqual(['resolved', 'pending', 'pending']);
    expect(world.store.commands.map(({ verb }) => verb)).toEqual(['acquire']);
  });

  it('passes the hold on in order of arrival, without the network, with the tokens of the block in order', async () => {
    const entered = [enter(), enter(), enter()];
    await settle();
    for (const one of entered) await leave(one);
    const turns = entered.map(turnOf);
    const [base] = turns[0]!.hold.tokens;
    expect(turns.map(({ tokens }) => tokens[0]! - base!)).toEqual([0, 1, 2]);
    expect(turns.map(({ isLocalHandOff }) => isLocalHandOff)).toEqual([false, true, true]);
    expect(new Set(turns.map(({ hold }) => hold)).size).toBe(1);
    expect(world.store.commands.map(({ verb }) => verb)).toEqual(['acquire', 'release']);
  });

  it('is released when nobody waits, and leaves nothing', async () => {
    const entered = enter();
    await settle();
    await leave(entered);
    expect([holdersOf(world), world.store.space.size, world.clock.pending]).toEqual([[], 0, 0]);
  });

  it('yields when its block is spent, to a fresh owner, and goes on with a new block where nobody else waits', async () => {
    const entered = Array.from({ length: 6 }, () => enter());
    await settle();
    for (const one of entered) await leave(one);
    const turns = entered.map(turnOf);
    const first = turns[0]!.hold;
    const second = turns[4]!.hold;
    expect(acquires()).toEqual([undefined, first.owner]);
    expect(second.owner).not.toBe(first.owner);
    expect(turns.map(({ hold, tokens }) => tokens[0]! - hold.tokens[0]!)).toEqual([0, 1, 2, 3, 0, 1]);
    expect(second.tokens[0]).toBeGreaterThanOrEqual(first.tokens[0]! + 64);
  });

  it('yields after 50 ms', async () => {
    const entered = [enter(), enter()];
    await settle();
    await world.clock.advanceAsync(50);
    await leave(entered[0]!);
    expect(acquires()).toHaveLength(2);
    expect(turnOf(entered[1]!).isLocalHandOff).toBe(false);
  });

  it('does not yield before', async () => {
    const entered = [enter(), enter()];
    await settle();
    await world.clock.advanceAsync(49);
    await leave(entered[0]!);
    expect([acquires().length, turnOf(entered[1]!).isLocalHandOff]).toEqual([1, true]);
  });

  it('yields to another process that waits, and comes again after it', async () => {
    const entered = [enter(), enter()];
    await settle();
    const other = stranger(world);
    other.hold();
    await world.clock.advanceAsync(50);
    await leave(entered[0]!);
    expect(entered[1]!.state).toBe('pending');
    other.hold();
    expect(other.isHolding()).toBe(true);
    other.release();
    await settle();
    expect(turnOf(entered[1]!).hold.isHeld).toBe(true);
  });

  it('yields at once where another kind of request waits here', async () => {
    queue.otherBegins([KEY]);
    const entered = [enter(), enter()];
    await settle();
    await leave(entered[0]!);
    expect(acquires()).toHaveLength(2);
    queue.otherEnds([KEY]);
    const third = enter();
    await leave(entered[1]!);
    expect([acquires().length, turnOf(third).isLocalHandOff]).toEqual([2, true]);
  });

  it('minds no request of another kind for another key', async () => {
    queue.otherBegins(['test:b']);
    const entered = [enter(), enter()];
    await settle();
    await leave(entered[0]!);
    expect(acquires()).toHaveLength(1);
  });

  it('counts requests of another kind', () => {
    queue.otherBegins([KEY]);
    queue.otherBegins([KEY]);
    queue.otherEnds([KEY]);
    expect(queue.hasOther(KEY)).toBe(true);
    queue.otherEnds([KEY]);
    expect(queue.hasOther(KEY)).toBe(false);
  });

  it('repeats an unanswered yield as it is, under the same fresh owner', async () => {
    const entered = [enter(), enter()];
    await settle();
    await world.clock.advanceAsync(50);
    world.store.onNext('acquire', (command) => command.apply().fail());
    await leave(entered[0]!);
    await world.clock.advanceAsync(25);
    const [, second, third] = world.store.sent('acquire').map(({ asAcquire }) => asAcquire);
    expect(third).toEqual(second);
    expect(turnOf(entered[1]!).hold.owner).toBe(second!.owner);
  });

  it('does not yield for an owner of whom a command is unanswered: it releases and has it refused', async () => {
    let lost: { apply(): unknown } | undefined;
    world.store.onNext('acquire', (command) => {
      lost = command;
      command.fail();
    });
    const entered = [enter(), enter()];
    await world.clock.advanceAsync(25);
    await world.clock.advanceAsync(50);
    await leave(entered[0]!);
    await leave(entered[1]!);
    // The first command of all was not lost, only late.
    lost!.apply();
    expect(holdersOf(world)).toEqual([]);
  });
});

describe('a request that waits in it', () => {
  it('ends with its own budget, the others wait on', async () => {
    stranger(world).hold();
    const entered = [enter(100), enter(200)];
    await world.clock.advanceAsync(100);
    expect(entered.map(({ state }) => state)).toEqual(['resolved', 'pending']);
    expect(entered[0]!.value).toMatchObject({ kind: 'busy' });
    expect(world.store.space.inspect(KEY).waiters).toBe(1);
  });

  it('that is the last has the place left', async () => {
    stranger(world).hold();
    const entered = enter(100);
    await world.clock.advanceAsync(100);
    expect(entered.value).toMatchObject({ kind: 'busy' });
    expect([world.store.space.inspect(KEY).waiters, world.clock.pending]).toEqual([0, 0]);
  });

  it('ends with the reason of its abort', async () => {
    stranger(world).hold();
    const entered = enter();
    await settle();
    entered.budget.end({ kind: 'error', error: 'enough' });
    await settle();
    expect(entered.value).toEqual({ kind: 'error', error: 'enough' });
  });

  it('that ends while a local user holds is told busy', async () => {
    const user = enter();
    await settle();
    const entered = enter(100);
    await world.clock.advanceAsync(100);
    expect(entered.value).toMatchObject({ kind: 'busy' });
    await leave(user);
    expect(holdersOf(world)).toEqual([]);
  });

  it('is told that the store is down where it is', async () => {
    world.store.onCommand = (command) => {
      command.fail(cut());
      return true;
    };
    const entered = enter(1_000);
    await world.clock.advanceAsync(1_100);
    expect(entered.value).toMatchObject({ kind: 'error', error: { code: 'LOCK_STORE' } });
  });

  it('is told with all others where the store refuses', async () => {
    world.store.onNext('acquire', (command) => command.fail(refusal()));
    const entered = [enter(), enter()];
    await settle();
    expect(entered.map(({ value }) => value?.kind)).toEqual(['error', 'error']);
    expect(turnOf(await next()).hold.isHeld).toBe(true);
  });

  it('that comes while the last one withdraws asks for itself', async () => {
    stranger(world).hold();
    const first = enter(100);
    // It reaches the server; its answer does not come.
    world.store.onNext('release', (command) => void command.apply());
    await world.clock.advanceAsync(100);
    const second = enter();
    await settle();
    stranger(world).release();
    await settle();
    expect([turnOf(second).hold.isHeld, first.state]).toEqual([true, 'pending']);
    await world.clock.advanceAsync(25);
    expect(first.value).toMatchObject({ kind: 'busy' });
  });
});

async function next(): Promise<Entered> {
  const entered = enter();
  await settle();
  return entered;
}

describe('a loss', () => {
  it('is told to the user, and those who wait ask under a fresh owner at once', async () => {
    const entered = [enter(), enter()];
    await settle();
    const losses: string[] = [];
    turnOf(entered[0]!).onLost = ({ why }) => void losses.push(why);
    world.store.space.forceRelease(KEY);
    await settle();
    expect(losses).toHaveLength(1);
    expect(turnOf(entered[1]!).hold.owner).not.toBe(turnOf(entered[0]!).hold.owner);
    expect(turnOf(entered[1]!).hold.isHeld).toBe(true);
  });

  it('does not let the old user end the new one’s hold', async () => {
    const entered = [enter(), enter()];
    await settle();
    world.store.space.forceRelease(KEY);
    await settle();
    await leave(entered[0]!);
    expect(turnOf(entered[1]!).hold.isHeld).toBe(true);
    expect(holdersOf(world)).toEqual([turnOf(entered[1]!).hold.owner]);
  });

  it('with nobody waiting leaves the next request a place of its own', async () => {
    const first = enter();
    await settle();
    world.store.space.forceRelease(KEY);
    await settle();
    const second = await next();
    expect(turnOf(second).hold.isHeld).toBe(true);
    await leave(first);
    const third = enter();
    await settle();
    expect(third.state).toBe('pending');
    await leave(second);
    expect(turnOf(third).isLocalHandOff).toBe(true);
  });

  it('that nobody noticed yet is never handed on', async () => {
    const entered = [enter(), enter()];
    await settle();
    world.store.onCommand = ({ verb }) => verb === 'renew';
    const { hold } = turnOf(entered[0]!);
    await world.clock.advanceAsync(hold.deadlineMs - 0.01);
    expect(hold.isHeld).toBe(true);
    await world.clock.advanceAsync(0.01);
    await leave(entered[0]!);
    await world.clock.advanceAsync(1_000);
    expect(turnOf(entered[1]!).hold).not.toBe(hold);
  });
});
