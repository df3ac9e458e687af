import { describe, expect, it } from '@jest/globals';
import { withoutDrift } from '../../../lib/core/hold.js';
import { type Ask, type Outcome, WaitLoop } from '../../../lib/core/wait-loop.js';
import { LockConfigError, LockStoreError } from '../../../lib/errors.js';
import { ask, budgetOf, type ClientWorld, clientWorld, holdersOf, stranger } from './fixture.js';
import { cut, refusal } from './scripted-store.js';
import { type Watched, watched } from './watched.js';

/** Runs one request against the world; its outcome can be looked at. */
function start(world: ClientWorld, changes: Partial<Ask> = {}, waitMs = 5_000): Watched<Outcome> {
  return watched(new WaitLoop(world.client, ask(changes), budgetOf(world, waitMs)).run());
}

/** A world that is connected, so that commands are sent at once. */
async function connected(): Promise<ClientWorld> {
  const world = clientWorld();
  await world.client.session();
  return world;
}

const owners = ({ store }: ClientWorld): string[] =>
  store.sent('acquire').map(({ asAcquire }) => asAcquire.owner);
const held = ({ value }: Watched<Outcome>) => (value?.kind === 'held' ? value.hold : undefined);

describe('an attempt', () => {
  it('that is granted is the hold, watched from now on', async () => {
    const world = await connected();
    const outcome = start(world);
    await world.clock.advanceAsync(0);
    expect(held(outcome)).toMatchObject({ isHeld: true, keys: ['test:a'], owner: owners(world)[0] });
    expect([world.client.watchdog.size, world.store.commands.length]).toEqual([1, 1]);
  });

  it('connects first where nothing is connected', async () => {
    const world = clientWorld();
    const outcome = start(world);
    await world.clock.advanceAsync(0);
    expect(held(outcome)?.isHeld).toBe(true);
  });

  it('that is granted too late is given back, and asked for anew under a fresh owner', async () => {
    const world = await connected();
    const taken = world.store.takeNext('acquire');
    const outcome = start(world, { leaseMs: 1_000, renewMs: 1_000 });
    const { command } = taken;
    command.apply();
    await world.clock.advanceAsync(withoutDrift(1_000));
    command.answer();
    await world.clock.advanceAsync(0);
    expect(held(outcome)).toMatchObject({ isHeld: true, owner: owners(world)[1] });
    expect(owners(world)[1]).not.toBe(owners(world)[0]);
    expect(world.store.sent('release').map(({ asRelease }) => asRelease.owner)).toEqual([owners(world)[0]]);
    expect(holdersOf(world)).toEqual([owners(world)[1]]);
  });

  it('that is refused is made under a fresh owner', async () => {
    const world = await connected();
    world.store.onNext('acquire', (command) => command.answerWith({ kind: 'refused' }));
    const outcome = start(world);
    await world.clock.advanceAsync(0);
    expect(held(outcome)?.owner).toBe(owners(world)[1]);
    expect(owners(world)[1]).not.toBe(owners(world)[0]);
  });

  it('whose outcome is unknown is asked again by the same owner, and the release has it refused', async () => {
    const world = await connected();
    world.store.onNext('acquire', (command) => command.apply().fail());
    const outcome = start(world);
    await world.clock.advanceAsync(25);
    expect(new Set(owners(world)).size).toBe(1);
    expect(held(outcome)).toMatchObject({ isHeld: true, isUncertain: true });
    await world.client.giveBack(held(outcome)!);
    expect(world.store.sent('release')[0]!.asRelease.refuses).toBe(true);
  });

  it('that was all answered leaves its owner unrefused', async () => {
    const world = await connected();
    stranger(world).hold(1_000);
    const outcome = start(world);
    await world.clock.advanceAsync(2_000);
    expect(held(outcome)?.isUncertain).toBe(false);
  });

  it('in conflict is a configuration error that names key and use', async () => {
    const world = await connected();
    stranger(world).hold();
    const outcome = start(world, { capacity: 3, weight: 1 });
    await world.clock.advanceAsync(0);
    expect(outcome.value).toMatchObject({
      kind: 'error',
      error: { code: 'LOCK_CONFIG', key: 'a', option: 'permits' },
    });
    expect(outcome.value?.kind === 'error' && outcome.value.error).toBeInstanceOf(LockConfigError);
  });
});

describe('a wait', () => {
  it('ends when the message comes, without a look in between', async () => {
    const world = await connected();
    const other = stranger(world);
    other.hold();
    const outcome = start(world);
    await world.clock.advanceAsync(100);
    other.release();
    await world.clock.advanceAsync(0);
    expect(held(outcome)?.isHeld).toBe(true);
    expect(world.store.sent('acquire')).toHaveLength(2);
  });

  it('looks every 600 to 750 ms where no message comes', async () => {
    const world = await connected();
    world.store.keepsHints = true;
    const other = stranger(world);
    other.hold();
    const outcome = start(world);
    await world.clock.advanceAsync(100);
    other.release();
    await world.clock.advanceAsync(650);
    expect(held(outcome)?.isHeld).toBe(true);
  });

  it('looks when the holder’s rest is over', async () => {
    const world = await connected();
    stranger(world).hold(100);
    const outcome = start(world);
    await world.clock.advanceAsync(99);
    expect(outcome.state).toBe('pending');
    await world.clock.advanceAsync(2);
    expect(held(outcome)?.isHeld).toBe(true);
  });

  it('looks when messages may have been missed', async () => {
    const world = await connected();
    world.store.keepsHints = true;
    const other = stranger(world);
    other.hold();
    const outcome = start(world);
    await world.clock.advanceAsync(100);
    other.release();
    world.store.hint({ kind: 'all' });
    await world.clock.advanceAsync(0);
    expect(held(outcome)?.isHeld).toBe(true);
  });

  it('never loses a message that comes between the answer and the sleep', async () => {
    const world = await connected();
    const other = stranger(world);
    other.hold();
    const taken = world.store.takeNext('acquire');
    const outcome = start(world);
    taken.command.apply();
    other.release();
    await world.clock.advanceAsync(0);
    // The message was delivered; only now the answer "busy" comes.
    taken.command.answer();
    await world.clock.advanceAsync(0);
    expect(held(outcome)?.isHeld).toBe(true);
  });

  it('that was told too early looks again and sleeps on', async () => {
    const world = await connected();
    stranger(world).hold();
    const outcome = start(world);
    await world.clock.advanceAsync(100);
    world.store.hint({ kind: 'called', owner: owners(world)[0]! });
    await world.clock.advanceAsync(0);
    expect([outcome.state, world.store.sent('acquire').length]).toEqual(['pending', 2]);
  });

  it('ends busy when its budget does, and leaves the line and no timer', async () => {
    const world = await connected();
    stranger(world).hold();
    const outcome = start(world, {}, 1_000);
    await world.clock.advanceAsync(1_000);
    expect(outcome.value).toMatchObject({ kind: 'busy' });
    expect([world.store.space.inspect('test:a').waiters, world.clock.pending]).toEqual([0, 0]);
    expect(world.store.sent('release')[0]!.asRelease.refuses).toBe(false);
  });

  it('tells when the holder’s lease may end', async () => {
    const world = await connected();
    stranger(world).hold(60_000);
    const outcome = start(world, {}, 1_000);
    await world.clock.advanceAsync(1_000);
    expect(outcome.value?.kind === 'busy' && outcome.value.lookInMs).toBeGreaterThan(59_000);
  });

  it('that ends by an abort ends with its reason', async () => {
    const world = await connected();
    stranger(world).hold();
    const controller = new AbortController();
    const budget = budgetOf(world, Infinity, controller.signal);
    const outcome = watched(new WaitLoop(world.client, ask(), budget).run());
    await world.clock.advanceAsync(100);
    controller.abort('enough');
    await world.clock.advanceAsync(0);
    expect(outcome.value).toEqual({ kind: 'error', error: 'enough' });
    expect([world.store.space.inspect('test:a').waiters, world.clock.pending]).toEqual([0, 0]);
  });
});

describe('a withdrawal', () => {
  it('while a command is unanswered has the owner refused, so that a late acquire makes no ghost', async () => {
    const world = await connected();
    const taken = world.store.takeNext('acquire');
    const outcome = start(world, {}, 2_000);
    await world.clock.advanceAsync(2_000);
    expect(world.store.sent('release')[0]!.asRelease).toMatchObject({
      owner: owners(world)[0],
      refuses: true,
    });
    expect(outcome.state).toBe('resolved');
    taken.command.answer();
    await world.clock.advanceAsync(1_000);
    expect([taken.command.reply, holdersOf(world)]).toEqual([{ kind: 'refused' }, []]);
  });

  it('waits a little for its answer, and not longer', async () => {
    const world = await connected();
    stranger(world).hold();
    world.store.takeNext('release');
    const outcome = start(world, {}, 1_000);
    await world.clock.advanceAsync(1_024);
    expect(outcome.state).toBe('pending');
    await world.clock.advanceAsync(1);
    expect(outcome.state).toBe('resolved');
  });

  it('gives back what was granted at the last moment', async () => {
    const world = await connected();
    const taken = world.store.takeNext('acquire');
    const outcome = start(world, {}, 1_500);
    taken.command.apply();
    await world.clock.advanceAsync(1_500);
    expect(outcome.state).toBe('resolved');
    expect([held(outcome), holdersOf(world)]).toEqual([undefined, []]);
  });

  it('sends nothing where nothing was sent', async () => {
    const world = clientWorld();
    world.store.onConnect = () => new Promise(() => undefined);
    const outcome = start(world, {}, 1_500);
    await world.clock.advanceAsync(1_500);
    expect([outcome.state, world.store.commands, world.clock.pending]).toEqual(['resolved', [], 0]);
  });
});

describe('one attempt (waitTime 0)', () => {
  it('takes no place and ends with the answer', async () => {
    const world = await connected();
    stranger(world).hold(60_000);
    const outcome = start(world, { takesPlace: false });
    await world.clock.advanceAsync(0);
    expect(outcome.value).toEqual({ kind: 'busy', lookInMs: 60_000 });
    expect(world.store.commands.map(({ verb }) => verb)).toEqual(['acquire']);
    expect(world.store.space.inspect('test:a').waiters).toBe(0);
  });

  it('is made once more after a cut, not for ever', async () => {
    const world = await connected();
    world.store.onCommand = (command) => {
      if (command.verb === 'acquire') command.fail();
      return command.verb === 'acquire';
    };
    const outcome = start(world, { takesPlace: false });
    await world.clock.advanceAsync(100);
    expect(outcome.value).toMatchObject({ kind: 'error', error: { code: 'LOCK_STORE' } });
    expect(world.store.sent('acquire')).toHaveLength(2);
  });

  it('that is busy after an unanswered one has the owner refused, so that the first makes no ghost', async () => {
    const world = await connected();
    const other = stranger(world);
    const first = world.store.takeNext('acquire');
    const outcome = start(world, { takesPlace: false });
    first.command.fail();
    other.hold();
    await world.clock.advanceAsync(25);
    expect(outcome.value).toMatchObject({ kind: 'busy' });
    other.release();
    // The first command was not lost after all, only late.
    first.command.apply();
    expect(holdersOf(world)).toEqual([]);
  });
});

/** Nobody can connect; whoever tries without end is told off, so that a loop without pauses fails and does not hang. */
function takeDown({ store }: ClientWorld): void {
  const most = store.connects + 100;
  store.onConnect = () =>
    Promise.reject(store.connects > most ? new Error('asked without a pause') : cut('connect'));
}

/** Each owner fails, and is refused when it asks again. */
function failAndRefuse({ store }: ClientWorld): void {
  const failed = new Set<string>();
  store.onCommand = (command) => {
    if (command.verb !== 'acquire') return false;
    const { owner } = command.asAcquire;
    if (failed.has(owner)) command.answerWith({ kind: 'refused' });
    else command.fail();
    failed.add(owner);
    return true;
  };
}

describe('a store that is down', () => {
  it('and refuses the owners that it failed, is not taken for one that serves again', async () => {
    const world = await connected();
    failAndRefuse(world);
    const one = start(world, { takesPlace: false });
    await world.clock.advanceAsync(100);
    expect([one.value, owners(world).length]).toMatchObject([
      { kind: 'error', error: { code: 'LOCK_STORE' } },
      3,
    ]);
    const asked = owners(world).length;
    const other = start(world, {}, 2_000);
    await world.clock.advanceAsync(2_000);
    expect(other.value).toMatchObject({ kind: 'error', error: { message: 'The connection was cut.' } });
    // Pauses of 25, 50, 100, 200, 400, 500, 500: each followed by a refusal and a fresh owner.
    expect(owners(world).length - asked).toBe(1 + 2 * 7);
  });

  it('is not busy: a wait that never got an answer ends with the store’s error', async () => {
    const world = clientWorld();
    takeDown(world);
    const outcome = start(world, {}, 1_000);
    await world.clock.advanceAsync(1_000);
    expect(outcome.value).toMatchObject({
      kind: 'error',
      error: { code: 'LOCK_STORE', operation: 'connect' },
    });
  });

  it('that does not answer says so', async () => {
    const world = await connected();
    world.store.takeNext('acquire');
    const outcome = start(world, {}, 1_000);
    await world.clock.advanceAsync(1_025);
    expect(outcome.value).toMatchObject({ kind: 'error', error: { code: 'LOCK_STORE', isTransient: true } });
    expect(outcome.value?.kind === 'error' && String(outcome.value.error)).toMatch(
      /did not answer within 1000 ms/,
    );
  });

  it('after it said busy is not busy any more', async () => {
    const world = await connected();
    stranger(world).hold();
    const outcome = start(world, {}, 5_000);
    await world.clock.advanceAsync(100);
    world.store.onCommand = (command) => {
      command.fail();
      return true;
    };
    await world.clock.advanceAsync(5_000);
    expect(outcome.value).toMatchObject({ kind: 'error', error: { code: 'LOCK_STORE' } });
  });

  it('does not end a wait: who comes back in time is asked again', async () => {
    const world = clientWorld();
    takeDown(world);
    const outcome = start(world, {}, 5_000);
    await world.clock.advanceAsync(3_000);
    world.store.onConnect = undefined;
    await world.clock.advanceAsync(500);
    expect(held(outcome)?.isHeld).toBe(true);
  });

  it('is asked with growing pauses, also when the round goes round', async () => {
    const world = clientWorld();
    takeDown(world);
    const outcome = start(world, {}, 5_000);
    await world.clock.advanceAsync(5_000);
    expect(world.store.connects).toBeLessThan(30);
    expect(outcome.value).toMatchObject({ kind: 'error', error: { isTransient: true } });
  });

  it('for good ends the wait at once', async () => {
    const world = await connected();
    world.store.onNext('acquire', (command) => command.fail(refusal()));
    const outcome = start(world);
    await world.clock.advanceAsync(0);
    expect(outcome.value).toMatchObject({ kind: 'error', error: { isTransient: false } });
    expect(outcome.value?.kind === 'error' && outcome.value.error).toBeInstanceOf(LockStoreError);
  });

  it('with a defect ends the wait with that', async () => {
    const world = await connected();
    const defect = new TypeError('a store’s defect');
    world.store.onNext('acquire', (command) => command.fail(defect));
    const outcome = start(world);
    await world.clock.advanceAsync(0);
    expect(outcome.value).toEqual({ kind: 'error', error: defect });
  });
});

describe('several keys', () => {
  const KEYS = { keys: ['test:a', 'test:b'] };

  it('are held together when the last is granted; what was taken is renewed until then', async () => {
    const world = await connected();
    const other = stranger(world, 'test:b');
    other.hold();
    const outcome = start(world, KEYS, Infinity);
    await world.clock.advanceAsync(100);
    const [taken] = world.store.space.inspect('test:a').holders;
    await world.clock.advanceAsync(30_000);
    expect(world.store.space.inspect('test:a').holders).toMatchObject([
      { owner: owners(world)[0], token: taken!.token },
    ]);
    other.release();
    await world.clock.advanceAsync(0);
    expect(held(outcome)).toMatchObject({ isHeld: true, keys: KEYS.keys });
    expect(held(outcome)!.tokens).toEqual(
      KEYS.keys.map((key) => world.store.space.inspect(key).holders[0]!.token),
    );
    expect(world.client.watchdog.size).toBe(1);
  });

  it('begin their leaseTime with the last', async () => {
    const world = await connected();
    const other = stranger(world, 'test:b');
    other.hold();
    const outcome = start(world, { ...KEYS, isRenewed: false, leaseMs: 2_000, renewMs: 2_000 }, Infinity);
    await world.clock.advanceAsync(9_000);
    other.release();
    await world.clock.advanceAsync(0);
    expect(held(outcome)!.deadlineMs).toBe(9_000 + withoutDrift(2_000));
    for (const key of KEYS.keys) expect(world.store.space.inspect(key).holders[0]!.restMs).toBe(2_000);
  });

  it('start anew under a fresh owner where one that was taken is lost', async () => {
    const world = await connected();
    const other = stranger(world, 'test:b');
    other.hold();
    const outcome = start(world, KEYS, Infinity);
    await world.clock.advanceAsync(100);
    world.store.space.forceRelease('test:a');
    await world.clock.advanceAsync(0);
    const [first] = owners(world);
    expect(owners(world).at(-1)).not.toBe(first);
    expect(world.store.sent('release').map(({ asRelease }) => asRelease.owner)).toEqual([first]);
    other.release();
    await world.clock.advanceAsync(0);
    expect(held(outcome)?.owner).toBe(owners(world).at(-1));
    expect(world.store.space.inspect('test:b').waiters).toBe(0);
  });

  it('are all given back when the wait ends', async () => {
    const world = await connected();
    stranger(world, 'test:b').hold();
    const outcome = start(world, KEYS, 1_000);
    await world.clock.advanceAsync(1_000);
    expect(outcome.value?.kind).toBe('busy');
    expect([holdersOf(world, 'test:a'), world.store.space.inspect('test:b').waiters]).toEqual([[], 0]);
    expect([world.client.watchdog.size, world.clock.pending]).toEqual([0, 0]);
  });

  it('survive a cut between the last grant and the renewal of all', async () => {
    const world = await connected();
    const other = stranger(world, 'test:b');
    other.hold();
    const outcome = start(world, KEYS, Infinity);
    await world.clock.advanceAsync(100);
    world.store.onNext('renew', (command) => command.fail());
    other.release();
    await world.clock.advanceAsync(1_000);
    expect(held(outcome)).toMatchObject({ isHeld: true, owner: owners(world)[0] });
    expect(world.client.watchdog.size).toBe(1);
  });

  it('with one attempt are all or none', async () => {
    const world = await connected();
    stranger(world, 'test:b').hold();
    const outcome = start(world, { ...KEYS, takesPlace: false });
    await world.clock.advanceAsync(0);
    expect(outcome.value?.kind).toBe('busy');
    expect(holdersOf(world, 'test:a')).toEqual([]);
  });
});
