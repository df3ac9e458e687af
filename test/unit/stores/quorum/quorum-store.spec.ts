import { describe, expect, it } from '@jest/globals';
import { LockConfigError } from '../../../../lib/errors.js';
import { quorumStore } from '../../../../lib/index.js';
import { memoryStore } from '../../../../lib/stores/memory/index.js';
import { manualClock } from '../../../../lib/testing/manual-clock.js';
import { ask, grantOf, leaving, QuorumWorld } from './fixture.js';

const three = () => [memoryStore(), memoryStore(), memoryStore()];

describe('a quorum store', () => {
  it('refuses what is no quorum, when it is made', () => {
    const [one, two] = three();
    for (const stores of [[], [one!], undefined as never, 'redis' as never]) {
      expect(() => quorumStore(stores)).toThrow(
        expect.objectContaining({ code: 'LOCK_CONFIG', option: 'stores' }),
      );
    }
    expect(() => quorumStore([one!, two!, one!])).toThrow(/named twice/);
  });

  it('refuses options that it does not have, and a delay that is none', () => {
    expect(() => quorumStore(three(), { restartdelay: 0 } as never)).toThrow(
      expect.objectContaining({ code: 'LOCK_CONFIG', option: 'restartdelay' }),
    );
    for (const restartDelay of [-1, NaN, Infinity, '5 s' as never]) {
      expect(() => quorumStore(three(), { restartDelay })).toThrow(
        expect.objectContaining({ code: 'LOCK_CONFIG', option: 'restartDelay' }),
      );
    }
  });

  it('refuses stores that cannot raise tokens, quorums among them', () => {
    const [one, two, third] = three();
    const unfit = { ...third!, name: 'unfit', raisesTokens: false };
    expect(() => quorumStore([one!, two!, unfit])).toThrow(
      expect.objectContaining({ code: 'LOCK_UNSUPPORTED' }),
    );
    expect(() => quorumStore([one!, two!, quorumStore(three())])).toThrow(
      /"quorum" cannot be part of a quorum/,
    );
  });

  it('promises what all of its stores promise, and neither permits nor an order', () => {
    const { capabilities, name } = quorumStore(three());
    expect([name, capabilities]).toEqual([
      'quorum',
      { shared: true, permits: false, leases: true, fairOrder: false, wakeUp: 'message' },
    ]);
    const polls = {
      ...memoryStore(),
      capabilities: { ...memoryStore().capabilities, wakeUp: 'poll' as const },
    };
    expect(quorumStore([...three(), polls]).capabilities.wakeUp).toBe('poll');
  });
});

describe('a session', () => {
  it('opens with a majority, and asks the others when they are there', async () => {
    const world = new QuorumWorld(3);
    world.nodes[0]!.goDown();
    const session = await world.session({ restartDelay: 0 });
    const first = ask();
    grantOf(await world.after(0, session.acquire(first)));
    expect(world.left).toEqual([0, 1, 1]);
    await world.after(50, session.release(leaving(first)));
    world.nodes[0]!.comeBack({ isEmpty: false });
    await world.clock.advanceAsync(2_000);
    grantOf(await world.after(0, session.acquire(ask())));
    expect(world.left).toEqual([1, 1, 1]);
  });

  it('does not open without one, and says what is missing', async () => {
    const world = new QuorumWorld(3);
    world.nodes[0]!.goDown();
    world.nodes[2]!.goDown();
    const failed = world.session();
    await expect(failed).rejects.toMatchObject({
      code: 'LOCK_STORE',
      operation: 'connect',
      isTransient: true,
    });
    await expect(failed).rejects.toThrow(/scripted \[0\]: The connection was cut; scripted \[2\]/);
    expect(world.nodes[1]!.sessions.map(({ isClosed }) => isClosed)).toEqual([true]);
    expect(world.clock.pending).toBe(0);
  });

  it('does not open where one of its stores never will', async () => {
    const world = new QuorumWorld(3);
    const error = new LockConfigError('The table is another one.', { option: 'table' });
    world.nodes[1]!.onConnect = () => Promise.reject(error);
    await expect(world.session()).rejects.toBe(error);
  });

  it('does not wait for a node that does not answer at all', async () => {
    const world = new QuorumWorld(3);
    world.nodes[1]!.onConnect = () => new Promise(() => undefined);
    const session = await world.session();
    expect(await world.after(0, session.acquire(ask()))).toMatchObject({ kind: 'held' });
  });

  it('leaves neither session nor timer when it is closed, and serves no more', async () => {
    const world = new QuorumWorld(3);
    world.nodes[2]!.goDown();
    const session = await world.session();
    const request = ask();
    grantOf(await world.after(0, session.acquire(request)));
    world.nodes[1]!.goDown();
    const released = session.release(leaving(request)).catch((error: unknown) => error);
    await world.clock.advanceAsync(100);
    await world.after(0, session.close());
    expect(await released).toMatchObject({ code: 'LOCK_STORE' });
    expect(world.clock.pending).toBe(0);
    expect(world.nodes.flatMap(({ sessions }) => sessions.map(({ isClosed }) => isClosed))).toEqual([
      true,
      true,
    ]);
    await expect(session.acquire(ask())).rejects.toMatchObject({ code: 'LOCK_STORE', isTransient: false });
  });

  it('uses the clock that it is given, and no other', async () => {
    const clock = manualClock();
    const store = quorumStore([memoryStore({ clock }), memoryStore({ clock }), memoryStore({ clock })]);
    const session = await store.connect({ clock, watchdogMs: 1_000, onHint: () => undefined });
    const request = ask({ leaseMs: 1_000 });
    grantOf(await session.acquire(request));
    expect(clock.pending).toBe(0);
    clock.advance(1_001);
    expect((await session.inspect(request.keys[0]!)).holders).toEqual([]);
    await session.close();
  });
});
