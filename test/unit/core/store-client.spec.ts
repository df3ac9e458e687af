import { describe, expect, it } from '@jest/globals';
import { Hold } from '../../../lib/core/hold.js';
import { isTransient, StoreClient } from '../../../lib/core/store-client.js';
import { LockClosedError } from '../../../lib/errors.js';
import type { ReleaseRequest } from '../../../lib/line/store.js';
import { type ClientWorld, clientWorld, holdersOf, stranger } from './fixture.js';
import { cut, refusal } from './scripted-store.js';
import { watched } from './watched.js';

/** A hold of `test:a` that the server knows. */
async function granted({ client, clock, store }: ClientWorld, isUncertain = false): Promise<Hold> {
  const session = await client.session();
  const request = { keys: ['test:a'], owner: 'o', capacity: 5, weight: 5, leaseMs: 10_000, takesPlace: true };
  const reply = await session.acquire(request);
  if (reply.kind !== 'held') throw new Error('not held');
  const hold = new Hold(
    { keys: ['test:a'], owner: 'o', leaseMs: 10_000, isRenewed: true, isUncertain },
    clock,
  );
  hold.grant(clock.nowMs(), reply.grants);
  client.watchdog.add(hold);
  store.commands.length = 0;
  return hold;
}

const RELEASE: ReleaseRequest = { keys: ['test:a'], owner: 'o', refuses: false, keepMs: 0 };

describe('a session', () => {
  it('is opened once, for all who need it', async () => {
    const { client, store } = clientWorld();
    expect(client.openSession).toBeUndefined();
    const sessions = await Promise.all([client.session(), client.session()]);
    expect(sessions[0]).toBe(sessions[1]);
    expect([store.connects, client.openSession]).toEqual([1, sessions[0]]);
  });

  it('that could not be opened is tried again by whoever needs it next', async () => {
    const { client, store } = clientWorld();
    store.onConnect = () => Promise.reject(cut('connect'));
    const failed = await Promise.allSettled([client.session(), client.session()]);
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    store.onConnect = undefined;
    await client.session();
    expect(store.connects).toBe(2);
  });

  it('is tried again as well where connecting failed before it returned a promise', async () => {
    const { client, store } = clientWorld();
    const { connect } = store;
    store.connect = () => {
      throw cut('connect');
    };
    await expect(client.session()).rejects.toThrow('cut');
    store.connect = connect;
    await expect(client.session()).resolves.toBeDefined();
  });

  it('is told the watchdog’s lease and the clock', async () => {
    const { client, store, clock } = clientWorld();
    await client.session();
    expect(store.sessions[0]!.context).toMatchObject({ watchdogMs: 10_000, clock });
  });
});

describe('keys', () => {
  it('stand behind the prefix at the store and without it for the caller', () => {
    const { client } = clientWorld();
    expect([client.storeKey('a'), client.userKey('test:a')]).toEqual(['test:a', 'a']);
  });
});

describe('giving a hold back', () => {
  it('ends it at the store and for the watchdog', async () => {
    const world = clientWorld();
    const hold = await granted(world);
    await world.client.giveBack(hold);
    expect(holdersOf(world)).toEqual([]);
    expect([hold.isHeld, world.client.watchdog.size, world.clock.pending]).toEqual([false, 0, 0]);
    expect(world.store.sent('release')[0]!.asRelease).toEqual(RELEASE);
  });

  it('resolves when the store has answered, not before', async () => {
    const world = clientWorld();
    const hold = await granted(world);
    const taken = world.store.takeNext('release');
    const given = watched(world.client.giveBack(hold));
    await world.clock.advanceAsync(1_000);
    expect(given.state).toBe('pending');
    taken.command.answer();
    await world.clock.advanceAsync(0);
    expect([given.state, world.clock.pending]).toEqual(['resolved', 0]);
  });

  it('resolves at the local deadline where the store does not answer', async () => {
    const world = clientWorld();
    const hold = await granted(world);
    world.store.takeNext('release');
    const given = watched(world.client.giveBack(hold));
    await world.clock.advanceAsync(hold.deadlineMs);
    expect(given.state).toBe('resolved');
  });

  it('of which a command is unanswered has its owner refused', async () => {
    const world = clientWorld();
    await world.client.giveBack(await granted(world, true));
    expect(world.store.sent('release')[0]!.asRelease.refuses).toBe(true);
  });

  it('keeps what remains of a minHoldTime', async () => {
    const world = clientWorld();
    await world.client.giveBack(await granted(world), 700);
    expect(world.store.space.inspect('test:a').holders).toMatchObject([{ owner: '', restMs: 700 }]);
  });

  it('of a hold that is over does not wait for the store', async () => {
    const world = clientWorld();
    const hold = await granted(world);
    world.client.watchdog.lose(hold, { why: 'test', kind: 'not-held' });
    await world.clock.advanceAsync(10_000);
    world.store.takeNext('release');
    await expect(world.client.giveBack(hold)).resolves.toBeUndefined();
  });
});

describe('a release', () => {
  it('that fails is tried again, now with the owner refused, until it is answered', async () => {
    const world = clientWorld();
    await granted(world);
    for (let index = 0; index < 3; index++) world.store.onNext('release', (command) => command.fail());
    const left = watched(world.client.leave(RELEASE, 10_000));
    await world.clock.advanceAsync(1_000);
    expect(left.state).toBe('resolved');
    expect(world.store.sent('release').map(({ asRelease }) => asRelease.refuses)).toEqual([
      false,
      true,
      true,
      true,
    ]);
    expect(holdersOf(world)).toEqual([]);
  });

  it('is not tried beyond the end of the hold', async () => {
    const world = clientWorld();
    await granted(world);
    world.store.onCommand = (command) => {
      command.fail();
      return true;
    };
    const left = watched(world.client.leave(RELEASE, 2_000));
    await world.clock.advanceAsync(2_000);
    const sent = world.store.sent('release').length;
    expect([left.state, sent < 10]).toEqual(['resolved', true]);
    await world.clock.advanceAsync(60_000);
    expect(world.store.sent('release')).toHaveLength(sent);
  });

  it('that the store refuses is not tried again, and nobody is told', async () => {
    const world = clientWorld();
    await granted(world);
    world.store.onNext('release', (command) => command.fail(refusal('release')));
    await expect(world.client.leave(RELEASE, 10_000)).resolves.toBeUndefined();
    expect(world.store.sent('release')).toHaveLength(1);
  });

  it('connects where nothing is connected yet', async () => {
    const world = clientWorld();
    await world.client.leave(RELEASE, 10_000);
    expect(world.store.sent('release')).toHaveLength(1);
  });
});

describe('hints', () => {
  it('that say called wake the owner, gone ask after its hold, all both', async () => {
    const world = clientWorld();
    const hold = await granted(world);
    const woken: string[] = [];
    for (const owner of ['x', 'y']) {
      void world.client.round
        .enter(owner)
        .sleep(Infinity, () => undefined)
        .then(() => woken.push(owner));
    }
    world.store.hint({ kind: 'called', owner: 'x' });
    await world.clock.advanceAsync(0);
    expect([woken, world.store.sent('renew').length]).toEqual([['x'], 0]);
    world.store.hint({ kind: 'gone', owner: 'o' });
    await world.clock.advanceAsync(0);
    expect([world.store.sent('renew').length, hold.isHeld]).toEqual([1, true]);
    world.store.hint({ kind: 'all' });
    await world.clock.advanceAsync(0);
    expect([woken, world.store.sent('renew').length]).toEqual([['x', 'y'], 2]);
  });

  it('for nobody, or that come twice, do nothing', async () => {
    const world = clientWorld();
    await granted(world);
    world.store.hint({ kind: 'called', owner: 'nobody' });
    world.store.hint({ kind: 'gone', owner: 'nobody' });
    await world.clock.advanceAsync(0);
    expect(world.store.commands).toEqual([]);
  });
});

describe('closing', () => {
  it('closes the session, once, and takes no new requests', async () => {
    const { client, store, clock } = clientWorld();
    await client.session();
    await Promise.all([client.close(), client.close()]);
    expect(store.sessions[0]!.isClosed).toBe(true);
    await expect(client.session()).rejects.toThrow(LockClosedError);
    expect(clock.pending).toBe(0);
  });

  it('without a session asks for none', async () => {
    const { client, store } = clientWorld();
    await client.close();
    expect(store.connects).toBe(0);
  });

  it('waits for a release that was sent', async () => {
    const world = clientWorld();
    const hold = await granted(world);
    const taken = world.store.takeNext('release');
    void world.client.giveBack(hold);
    const closed = watched(world.client.close());
    await world.clock.advanceAsync(999);
    expect([closed.state, world.store.sessions[0]!.isClosed]).toEqual(['pending', false]);
    taken.command.answer();
    await world.clock.advanceAsync(0);
    expect([closed.state, world.store.sessions[0]!.isClosed, world.clock.pending]).toEqual([
      'resolved',
      true,
      0,
    ]);
  });

  it('does not wait for a release longer than a second', async () => {
    const world = clientWorld();
    const hold = await granted(world);
    world.store.takeNext('release');
    const given = watched(world.client.giveBack(hold));
    const closed = watched(world.client.close());
    await world.clock.advanceAsync(1_000);
    expect(given.state).toBe('resolved');
    expect([closed.state, world.clock.pending]).toEqual(['resolved', 0]);
  });

  it('leaves no timer though a release fails again and again', async () => {
    const world = clientWorld();
    world.client.watchdog.remove(await granted(world));
    world.store.onCommand = (command) => {
      command.fail();
      return true;
    };
    void world.client.leave(RELEASE, 3_600_000);
    await world.clock.advanceAsync(10_000);
    const closed = watched(world.client.close());
    await world.clock.advanceAsync(1_000);
    expect([closed.state, world.clock.pending]).toEqual(['resolved', 0]);
  });

  it('closes a session that is opened only then', async () => {
    const { client, store, clock } = clientWorld();
    let connected!: () => void;
    store.onConnect = () => new Promise<void>((resolve) => (connected = resolve));
    void client.session();
    const closed = watched(client.close());
    await clock.advanceAsync(0);
    connected();
    await clock.advanceAsync(1_000);
    expect([closed.state, store.sessions[0]!.isClosed]).toEqual(['resolved', true]);
  });

  it('closes a session that was asked for by a late release', async () => {
    const { client, store, clock } = clientWorld();
    let connected!: () => void;
    store.onConnect = () => new Promise<void>((resolve) => (connected = resolve));
    const closed = watched(client.close());
    void client.leave(RELEASE, 10_000);
    await clock.advanceAsync(2_000);
    connected();
    await clock.advanceAsync(0);
    expect([closed.state, store.sessions[0]!.isClosed, store.sent('release')]).toEqual([
      'resolved',
      true,
      [],
    ]);
  });

  it('does not wait for ever for a session that does not open', async () => {
    const { client, store, clock } = clientWorld();
    store.onConnect = () => new Promise(() => undefined);
    void client.session();
    const closed = watched(client.close());
    await clock.advanceAsync(10_000);
    expect([closed.state, clock.pending]).toEqual(['resolved', 0]);
  });

  it('hears no message any more', async () => {
    const world = clientWorld();
    await granted(world);
    await world.client.close();
    world.store.commands.length = 0;
    world.store.sessions[0]!.context.onHint({ kind: 'all' });
    expect(world.store.commands).toEqual([]);
  });
});

describe('an error', () => {
  it('may pass only where the store says so', () => {
    expect([cut(), refusal(), new Error('other'), undefined].map(isTransient)).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});

it('two clients of one store do not know of each other', async () => {
  const world = clientWorld();
  const other = new StoreClient(world.store, {
    prefix: 'x:',
    clock: world.clock,
    random: () => 0,
    watchdogMs: 9_000,
  });
  await Promise.all([world.client.session(), other.session()]);
  await other.close();
  stranger(world).hold();
  expect(world.store.sessions.map(({ isClosed }) => isClosed)).toEqual([false, true]);
});
