import { describe, expect, it } from '@jest/globals';
import { ask, grantOf, leaving, QuorumWorld } from './fixture.js';

/** What a quorum costs each of its nodes, in commands. */
const sentTo = ({ nodes }: QuorumWorld): number[] => nodes.map(({ commands }) => commands.length);

describe('the commands that each node is sent', () => {
  it('are three for a free key: a vote, the token of the majority, and the release', async () => {
    const world = new QuorumWorld(3, { aheadUs: [0, 100, 50] });
    const session = await world.session();
    const request = ask();
    grantOf(await world.after(0, session.acquire(request)));
    await world.after(0, session.release(leaving(request)));
    // The node that gave the greatest token need not be told of it.
    expect(sentTo(world)).toEqual([3, 2, 3]);
  });

  it('are, for one who waits, a look at the lead and nothing elsewhere', async () => {
    const world = new QuorumWorld(3, { aheadUs: [0, 100, 50] });
    const [a, b] = [await world.session(), await world.session()];
    grantOf(await world.after(0, a.acquire(ask())));
    const waiter = ask();
    await world.after(0, b.acquire(waiter));
    const before = sentTo(world);
    for (let look = 0; look < 5; look++) await world.after(0, b.acquire(waiter));
    expect(sentTo(world).map((count, node) => count - before[node]!)).toEqual([5, 0, 0]);
  });

  it('are, for a newcomer to a key that was found busy, none but at the lead', async () => {
    const world = new QuorumWorld(3, { aheadUs: [0, 100, 50] });
    const [a, b] = [await world.session(), await world.session()];
    grantOf(await world.after(0, a.acquire(ask())));
    await world.after(0, b.acquire(ask({ takesPlace: false })));
    const before = sentTo(world);
    await world.after(0, b.acquire(ask({ takesPlace: false })));
    expect(sentTo(world).map((count, node) => count - before[node]!)).toEqual([1, 0, 0]);
  });

  it('are, for one whose turn it is, three again', async () => {
    const world = new QuorumWorld(3, { aheadUs: [0, 100, 50] });
    const [a, b] = [await world.session(), await world.session()];
    const held = ask();
    grantOf(await world.after(0, a.acquire(held)));
    const waiter = ask();
    await world.after(0, b.acquire(waiter));
    await world.after(10, a.release(leaving(held)));
    const before = sentTo(world);
    grantOf(await world.after(0, b.acquire(waiter)));
    await world.after(0, b.release(leaving(waiter)));
    expect(sentTo(world).map((count, node) => count - before[node]!)).toEqual([3, 2, 3]);
  });
});
