import { describe, expect, it } from '@jest/globals';
import { ask, grantOf, KEY, leaving, type OpenQuorum, QuorumWorld, WATCHDOG_MS } from './fixture.js';
import type { AcquireRequest } from '../../../../lib/line/store.js';

/** Three nodes; A holds on the first two while the third is down, then the second comes back. */
async function sharedNodeRestarts(isEmpty: boolean, restartDelay?: number): Promise<Restart> {
  const world = new QuorumWorld(3);
  const options = restartDelay === undefined ? {} : { restartDelay };
  const [a, b] = [await world.session(options), await world.session(options)];
  const [, second, third] = world.nodes;
  third!.goDown();
  const held = ask({ leaseMs: WATCHDOG_MS });
  const { token } = grantOf(await world.after(0, a.acquire(held)));
  third!.comeBack({ isEmpty: false });
  // B knows the third for long when the second is restarted.
  await world.clock.advanceAsync(9_000);
  await world.after(0, a.renew([{ key: KEY, owner: held.owner, leaseMs: WATCHDOG_MS }]));
  await world.clock.advanceAsync(1_100);
  second!.comeBack({ isEmpty });
  return { world, a, b, held, token };
}

interface Restart {
  readonly world: QuorumWorld;
  readonly a: OpenQuorum;
  readonly b: OpenQuorum;
  readonly held: AcquireRequest;
  readonly token: number;
}

describe('a node that comes back empty', () => {
  it('is not counted for new locks until restartDelay has passed: nobody holds beside the holder', async () => {
    const { world, b, held, token } = await sharedNodeRestarts(true);
    const nodes = world.nodes.map(({ holders }) => holders);
    expect(nodes).toEqual([[held.owner], [], []]);
    // The holder's lease ends before the restarted node counts again.
    for (let passedMs = 0; passedMs < WATCHDOG_MS; passedMs += 500) {
      await expect(world.after(0, b.acquire(ask({ takesPlace: false })))).resolves.toMatchObject({
        kind: 'busy',
      });
      await world.clock.advanceAsync(500);
      if (world.nodes[0]!.holders.length === 0) break;
    }
    expect(world.nodes[0]!.holders).toEqual([]);
    await world.clock.advanceAsync(WATCHDOG_MS);
    expect(grantOf(await world.after(0, b.acquire(ask()))).token).toBeGreaterThan(token);
  });

  it('lets a second one hold beside the first where restartDelay is 0: the hazard', async () => {
    const { world, a, b, held, token } = await sharedNodeRestarts(true, 0);
    // The first node still says that it is busy, but it is not the lead where it cannot be reached.
    world.nodes[0]!.goDown();
    const second = grantOf(await world.after(300, b.acquire(ask())));
    expect(second.token).toBeGreaterThan(token);
    world.nodes[0]!.comeBack({ isEmpty: false });
    await world.clock.advanceAsync(0);
    // The first learns of it with its next renewal.
    expect(await world.after(0, a.renew([{ key: KEY, owner: held.owner, leaseMs: WATCHDOG_MS }]))).toEqual([
      0,
    ]);
  });

  it('is not asked to hold again what it has forgotten', async () => {
    const { world, a, held } = await sharedNodeRestarts(true);
    await world.after(0, a.renew([{ key: KEY, owner: held.owner, leaseMs: WATCHDOG_MS }]));
    expect(world.nodes.map(({ holders }) => holders)).toEqual([[held.owner], [], []]);
  });

  it('that is known to have forgotten nothing counts at once', async () => {
    const world = new QuorumWorld(3);
    const lives = ['one', 'two', 'three'];
    for (const [index, node] of world.nodes.entries()) node.life = () => lives[index];
    const session = await world.session();
    for (const node of world.nodes) node.goDown();
    await expect(world.after(0, session.acquire(ask()))).rejects.toMatchObject({ code: 'LOCK_STORE' });
    for (const node of world.nodes) node.comeBack({ isEmpty: false });
    await world.clock.advanceAsync(0);
    const request = ask();
    grantOf(await world.after(0, session.acquire(request)));
    await world.after(0, session.release(leaving(request)));
    lives[1] = 'another';
    world.nodes[1]!.comeBack({ isEmpty: true });
    world.nodes[2]!.goDown();
    await expect(world.after(0, session.acquire(ask()))).rejects.toThrow(/counted yet: restartDelay/);
  });

  it('is not counted either where it was down when the application began', async () => {
    const world = new QuorumWorld(3);
    world.nodes[2]!.goDown();
    const session = await world.session();
    world.nodes[2]!.comeBack({ isEmpty: true });
    await world.clock.advanceAsync(2_000);
    world.nodes[1]!.goDown();
    await expect(world.after(0, session.acquire(ask()))).rejects.toThrow(/counted yet: restartDelay/);
    await world.clock.advanceAsync(WATCHDOG_MS);
    grantOf(await world.after(0, session.acquire(ask())));
  });

  it('is found out by a failed command too, where no message tells of it', async () => {
    const world = new QuorumWorld(3);
    const session = await world.session({ restartDelay: 3_000 });
    world.nodes[1]!.goDown();
    const first = ask();
    grantOf(await world.after(0, session.acquire(first)));
    await world.after(50, session.release(leaving(first)));
    world.nodes[1]!.restartSilently();
    world.nodes[2]!.goDown();
    await expect(world.after(0, session.acquire(ask()))).rejects.toMatchObject({ code: 'LOCK_STORE' });
    await expect(world.after(2_900, session.acquire(ask()))).rejects.toMatchObject({ code: 'LOCK_STORE' });
    await world.clock.advanceAsync(200);
    grantOf(await world.after(0, session.acquire(ask())));
  });

  it('while an attempt is under way does not count for it, however short the delay', async () => {
    // The second gives the greatest token, so that nobody would have to tell it of another.
    const world = new QuorumWorld(3, { aheadUs: [0, 5_000_000, 0] });
    const session = await world.session({ restartDelay: 100 });
    const [first, second, third] = world.nodes;
    third!.goDown();
    const late = first!.takeNext('acquire');
    const asked = session.acquire(ask());
    await world.clock.advanceAsync(10);
    expect(second!.holders).toHaveLength(1);
    second!.comeBack({ isEmpty: true });
    // By now it counts again, but what it granted before is forgotten: it has to grant anew.
    await world.clock.advanceAsync(300);
    late.command.answer();
    grantOf(await world.after(100, asked));
    expect(world.nodes.map(({ holders }) => holders.length)).toEqual([1, 1, 0]);
  });
});
