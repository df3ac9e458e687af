import { describe, expect, it } from '@jest/globals';
import { ask, grantOf, KEY, leaving, QuorumWorld } from './fixture.js';

const LEASE_MS = 10_000;

async function holding(count: number) {
  const world = new QuorumWorld(count);
  const session = await world.session();
  const request = ask({ leaseMs: LEASE_MS });
  grantOf(await world.after(0, session.acquire(request)));
  const lease = { key: KEY, owner: request.owner, leaseMs: LEASE_MS };
  const renew = (ms = 0): Promise<readonly number[]> => world.after(ms, session.renew([lease]));
  return { world, session, request, lease, renew };
}

describe('a renewal', () => {
  it('tells for how long a majority still holds', async () => {
    const { world, session, lease } = await holding(3);
    await world.clock.advanceAsync(4_000);
    // One node does not hear of it.
    world.nodes[0]!.takeNext('renew');
    expect(await world.after(0, session.renew([lease]))).toEqual([LEASE_MS]);
    await world.clock.advanceAsync(5_000);
    world.nodes[1]!.forget();
    expect(await world.after(0, session.renew([{ ...lease, leaseMs: 0 }]))).toEqual([1_000]);
  });

  it('goes on while a minority has lost the hold, and is final when a majority has', async () => {
    const { world, renew } = await holding(5);
    world.nodes[0]!.forget();
    world.nodes[3]!.forget();
    expect(await renew()).toEqual([LEASE_MS]);
    expect(world.nodes.map(({ holders }) => holders.length)).toEqual([0, 1, 1, 0, 1]);
    world.nodes[4]!.forget();
    expect(await renew()).toEqual([0]);
    expect(await renew()).toEqual([0]);
  });

  it('fails where no majority can be reached, which is no loss yet', async () => {
    const { world, renew } = await holding(3);
    world.nodes[0]!.goDown();
    world.nodes[2]!.goDown();
    await expect(renew()).rejects.toMatchObject({
      code: 'LOCK_STORE',
      operation: 'renew',
      isTransient: true,
    });
    for (const node of world.nodes) node.comeBack({ isEmpty: false });
    expect(await renew()).toEqual([LEASE_MS]);
  });

  it('does not wait for a node that is silent', async () => {
    const { world, renew } = await holding(3);
    world.nodes[1]!.answersLateMs = 60_000;
    expect(await renew()).toEqual([LEASE_MS]);
  });

  it('where nodes cannot tell, counts what they said last, and is not asked again at once', async () => {
    const { world, session, lease, renew } = await holding(3);
    await world.clock.advanceAsync(3_000);
    world.nodes[0]!.forget();
    world.nodes[1]!.goDown();
    const renewed = session.renew([lease]);
    let isAnswered = false;
    void renewed.then(() => (isAnswered = true));
    await world.clock.advanceAsync(100);
    expect(isAnswered).toBe(false);
    // The acquire's lease, less what has passed and the drift.
    expect(await world.after(200, renewed)).toEqual([9_900 - 3_000]);
    world.nodes[1]!.comeBack({ isEmpty: false });
    expect(await renew()).toEqual([LEASE_MS]);
  });

  it('of several leases tells the lost from the others', async () => {
    const { world, session, lease } = await holding(3);
    const stranger = { ...lease, owner: 'f'.repeat(32) };
    expect(await world.after(0, session.renew([stranger, lease]))).toEqual([0, LEASE_MS]);
    expect(await session.renew([])).toEqual([]);
  });
});

describe('what a quorum shows of a key', () => {
  it('is what a majority holds', async () => {
    const { world, session, request } = await holding(3);
    world.nodes[2]!.space.release({ ...leaving(request), keepMs: 0 });
    const [holder, ...others] = (await world.after(0, session.inspect(KEY))).holders;
    expect([holder?.owner, others]).toEqual([request.owner, []]);
    world.nodes[1]!.space.release({ ...leaving(request), keepMs: 0 });
    expect((await world.after(0, session.inspect(KEY))).holders).toEqual([]);
  });

  it('counts those who wait elsewhere', async () => {
    const { world, session } = await holding(3);
    const other = await world.session();
    await world.after(0, other.acquire(ask()));
    expect((await world.after(0, session.inspect(KEY))).waiters).toBe(1);
    expect((await world.after(0, other.inspect(KEY))).waiters).toBe(0);
  });

  it('is told without a node that is known to be silent', async () => {
    const { world, session } = await holding(3);
    world.nodes[1]!.answersLateMs = 60_000;
    const first = session.inspect(KEY);
    await world.clock.advanceAsync(999);
    await world.after(1, first);
    expect((await world.after(0, session.inspect(KEY))).holders).toHaveLength(1);
  });

  it('cannot be told without a majority', async () => {
    const { world, session } = await holding(3);
    world.nodes[0]!.goDown();
    world.nodes[2]!.goDown();
    await expect(world.after(0, session.inspect(KEY))).rejects.toMatchObject({
      code: 'LOCK_STORE',
      operation: 'inspect',
    });
    await expect(world.after(0, session.forceRelease(KEY))).rejects.toMatchObject({ code: 'LOCK_STORE' });
  });

  it('is ended everywhere by force, and the holder is told', async () => {
    const { world, session, request } = await holding(5);
    expect(await world.after(0, session.forceRelease(KEY))).toBe(true);
    expect(world.left).toEqual([0, 0, 0, 0, 0]);
    expect(session.hints).toContainEqual({ kind: 'gone', owner: request.owner });
    expect(await world.after(0, session.forceRelease(KEY))).toBe(false);
  });
});

describe('a hold of several keys', () => {
  it('is asked for in one command of each node, and has the greatest token of each key', async () => {
    const world = new QuorumWorld(3, { aheadUs: [0, 500, 900] });
    const session = await world.session();
    const request = ask({ keys: ['test:a', 'test:b'] });
    const reply = await world.after(0, session.acquire(request));
    expect(reply).toMatchObject({ kind: 'held', grants: [{}, {}] });
    expect(world.nodes.map((node) => node.sent('acquire')[0]?.asAcquire.keys)).toEqual(
      world.nodes.map(() => request.keys),
    );
    await world.after(0, session.release(leaving(request)));
    expect(world.left).toEqual([0, 0, 0]);
  });

  it('keeps the first while it waits for the second', async () => {
    const world = new QuorumWorld(3);
    const [a, b] = [await world.session(), await world.session()];
    const second = ask({ keys: ['test:b'] });
    grantOf(await world.after(0, a.acquire(second)));
    const both = ask({ keys: ['test:a', 'test:b'] });
    const reply = await world.after(0, b.acquire(both));
    expect(reply).toMatchObject({ kind: 'busy', grants: [{}] });
    expect(world.nodes.map(({ holders }) => holders)).toEqual(world.nodes.map(() => [both.owner]));
    await world.after(0, a.release(leaving(second)));
    expect(await world.after(0, b.acquire(both))).toMatchObject({ kind: 'held', grants: [{}, {}] });
    await world.after(0, b.release(leaving(both)));
    expect(world.left).toEqual([0, 0, 0]);
  });
});
