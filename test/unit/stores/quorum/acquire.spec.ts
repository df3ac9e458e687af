import { describe, expect, it } from '@jest/globals';
import { TOKEN_BLOCK } from '../../../../lib/line/store.js';
import { ask, grantOf, leaving, QuorumWorld } from './fixture.js';

describe('a quorum', () => {
  it('holds on all nodes, for the lease less the drift of clocks', async () => {
    const world = new QuorumWorld(3);
    const session = await world.session();
    const request = ask();
    expect(grantOf(await world.after(0, session.acquire(request))).restMs).toBe(9_900);
    expect(world.nodes.map(({ holders }) => holders)).toEqual([
      [request.owner],
      [request.owner],
      [request.owner],
    ]);
  });

  it.each([
    ['3, 1 of them down', 3, 1],
    ['4, 1 of them down', 4, 1],
    ['5, 2 of them down', 5, 2],
  ])('of %s works', async (_, count, down) => {
    const world = new QuorumWorld(count);
    const session = await world.session();
    world.nodes.slice(0, down).forEach((node) => node.goDown());
    const request = ask();
    grantOf(await world.after(0, session.acquire(request)));
    expect(
      await world.after(0, session.renew([{ key: request.keys[0]!, owner: request.owner, leaseMs: 10_000 }])),
    ).toEqual([10_000]);
    await world.after(0, session.release(leaving(request)));
    expect(world.left).toEqual(world.left.map(() => 0));
  });

  it.each([
    ['2, 1 of them down', 2, 1],
    ['3, 2 of them down', 3, 2],
    ['4, 2 of them down', 4, 2],
    ['5, 3 of them down', 5, 3],
  ])('of %s says so, and leaves nothing on the living', async (_, count, down) => {
    const world = new QuorumWorld(count);
    const session = await world.session();
    world.nodes.slice(-down).forEach((node) => node.goDown());
    const failed = world.after(0, session.acquire(ask()));
    await expect(failed).rejects.toMatchObject({
      code: 'LOCK_STORE',
      store: 'quorum',
      operation: 'acquire',
      isTransient: true,
    });
    await expect(failed).rejects.toThrow(
      `${Math.floor(count / 2) + 1} of its ${count} stores, and ${down} cannot be counted`,
    );
    await world.clock.advanceAsync(0);
    expect(world.left).toEqual(world.left.map(() => 0));
  });

  it('never uses an owner again for which a release was sent', async () => {
    const world = new QuorumWorld(3);
    const session = await world.session();
    world.nodes.slice(1).forEach((node) => node.goDown());
    const request = ask();
    await expect(world.after(0, session.acquire(request))).rejects.toMatchObject({ code: 'LOCK_STORE' });
    const sent = world.nodes[0]!.sent('acquire').length;
    expect(await world.after(0, session.acquire(request))).toEqual({ kind: 'refused' });
    expect(world.nodes[0]!.sent('acquire').length).toBe(sent);
  });

  it('that is silent fails within a second, and takes back what comes late', async () => {
    const world = new QuorumWorld(3);
    const session = await world.session();
    const [, second, third] = world.nodes;
    for (const node of [second!, third!]) node.answersLateMs = 5_000;
    const failed = session.acquire(ask());
    failed.catch(() => undefined);
    await world.clock.advanceAsync(999);
    expect(world.left).toEqual([1, 1, 1]);
    await expect(world.after(1, failed)).rejects.toThrow(/no answer within 1000 ms/);
    await world.clock.advanceAsync(10_000);
    expect(world.left).toEqual([0, 0, 0]);
  });

  it('whose nodes are slower than the lease grants nothing', async () => {
    const world = new QuorumWorld(3);
    const session = await world.session();
    for (const node of world.nodes) node.answersLateMs = 400;
    const failed = session.acquire(ask({ leaseMs: 300 }));
    await expect(world.after(300, failed)).rejects.toMatchObject({ code: 'LOCK_STORE' });
    await world.clock.advanceAsync(2_000);
    expect(world.left).toEqual([0, 0, 0]);
  });

  it('counts the lease from the moment in which it was asked for', async () => {
    const world = new QuorumWorld(3);
    const session = await world.session();
    for (const node of world.nodes) node.answersLateMs = 150;
    const reply = await world.after(300, session.acquire(ask({ leaseMs: 1_000 })));
    // The tokens of nodes with one clock agree at once.
    expect(grantOf(reply).restMs).toBe(990 - 150);
  });

  it('leaves nothing on a node that answers after the release', async () => {
    const world = new QuorumWorld(3);
    const session = await world.session();
    const late = world.nodes[2]!.takeNext('acquire');
    const request = ask();
    grantOf(await world.after(0, session.acquire(request)));
    await world.after(50, session.release(leaving(request)));
    expect(world.left).toEqual([0, 0, 0]);
    late.command.answer();
    await world.clock.advanceAsync(0);
    expect(late.command.reply).toEqual({ kind: 'refused' });
    expect(world.left).toEqual([0, 0, 0]);
  });

  it('tells a node that was down of the release when it is back', async () => {
    const world = new QuorumWorld(3);
    const session = await world.session();
    const request = ask();
    grantOf(await world.after(0, session.acquire(request)));
    world.nodes[1]!.goDown();
    await world.after(50, session.release(leaving(request)));
    expect(world.left).toEqual([0, 1, 0]);
    world.nodes[1]!.comeBack({ isEmpty: false });
    await world.clock.advanceAsync(1_000);
    expect(world.left).toEqual([0, 0, 0]);
  });

  it('is busy where a majority can be reached and another holds it', async () => {
    const world = new QuorumWorld(5);
    const [a, b] = [await world.session(), await world.session()];
    grantOf(await world.after(0, a.acquire(ask())));
    world.nodes.slice(3).forEach((node) => node.goDown());
    expect(await world.after(100, b.acquire(ask({ takesPlace: false })))).toMatchObject({ kind: 'busy' });
  });
});

describe('of those who ask together', () => {
  it('one is granted, though each comes first somewhere', async () => {
    const world = new QuorumWorld(3);
    const sessions = [await world.session(), await world.session(), await world.session()];
    // Each reaches another node first: the commands of the others wait.
    const waiting: (() => void)[] = [];
    const requests = sessions.map(() => ask({ takesPlace: false }));
    for (const [index, node] of world.nodes.entries()) {
      node.onCommand = (command) => {
        const isFirst = command.verb !== 'acquire' || command.asAcquire.owner === requests[index]!.owner;
        if (!isFirst) waiting.push(() => command.answer());
        return !isFirst;
      };
    }
    const replies = sessions.map((session, index) => session.acquire(requests[index]!));
    await world.clock.advanceAsync(0);
    expect(world.nodes.map(({ holders }) => holders)).toEqual(requests.map(({ owner }) => [owner]));
    for (const node of world.nodes) node.onCommand = undefined;
    waiting.forEach((answer) => answer());
    await world.clock.advanceAsync(300);
    const kinds = (await Promise.all(replies)).map(({ kind }) => kind);
    expect(kinds).toEqual(['held', 'busy', 'busy']);
    expect(world.nodes.map(({ holders }) => holders)).toEqual(world.nodes.map(() => [requests[0]!.owner]));
  });

  it('twenty finish, one after the other', async () => {
    const world = new QuorumWorld(5);
    const finished: string[] = [];
    const contend = async (): Promise<void> => {
      const session = await world.session();
      let request = ask();
      for (;;) {
        const reply = await session.acquire(request);
        if (reply.kind === 'held') break;
        if (reply.kind === 'refused') request = ask();
        else await world.sleep(reply.kind === 'busy' ? Math.min(reply.lookInMs, 700) : 0);
      }
      finished.push(request.owner);
      await session.release(leaving(request));
    };
    const all = Array.from({ length: 20 }, contend);
    for (let step = 0; step < 3_000 && finished.length < 20; step++) await world.clock.advanceAsync(10);
    expect(new Set(finished).size).toBe(20);
    await world.after(100, Promise.all(all));
    expect(world.left).toEqual([0, 0, 0, 0, 0]);
  });
});

describe('the line', () => {
  it('is kept by the first node, and the others are not troubled', async () => {
    const world = new QuorumWorld(3);
    const [a, b] = [await world.session(), await world.session()];
    const held = ask();
    grantOf(await world.after(0, a.acquire(held)));
    const next = ask();
    expect(await world.after(0, b.acquire(next))).toMatchObject({ kind: 'busy' });
    expect(world.nodes.map(({ space }) => space.inspect(held.keys[0]!).waiters)).toEqual([1, 0, 0]);
    const asked = world.nodes[1]!.sent('acquire').length;
    await world.after(0, b.acquire(next));
    expect(world.nodes[1]!.sent('acquire').length).toBe(asked);
    await world.after(0, a.release(leaving(held)));
    expect(b.hints).toContainEqual({ kind: 'called', owner: next.owner });
    grantOf(await world.after(0, b.acquire(next)));
  });

  it('goes on at the next node where the first is silent', async () => {
    const world = new QuorumWorld(3);
    const [a, b] = [await world.session(), await world.session()];
    const held = ask();
    grantOf(await world.after(0, a.acquire(held)));
    const next = ask();
    await world.after(0, b.acquire(next));
    const [first, second] = world.nodes;
    first!.answersLateMs = 60_000;
    expect(await world.after(500, b.acquire(next))).toMatchObject({ kind: 'busy' });
    expect(second!.space.inspect(held.keys[0]!).waiters).toBe(1);
    await world.after(500, a.release(leaving(held)));
    grantOf(await world.after(500, b.acquire(next)));
    first!.answersLateMs = 0;
    await world.after(500, b.release(leaving(next)));
    await world.clock.advanceAsync(70_000);
    expect(world.left).toEqual([0, 0, 0]);
  });

  it('stays where it is when somebody withdraws before the answer has come', async () => {
    const world = new QuorumWorld(3);
    const session = await world.session();
    const held = ask();
    grantOf(await world.after(0, session.acquire(held)));
    await world.after(0, session.acquire(ask({ takesPlace: false })));
    world.nodes[0]!.answersLateMs = 50;
    const gone = ask();
    const asked = session.acquire(gone);
    await world.clock.advanceAsync(10);
    const released = session.release(leaving(gone));
    expect(await world.after(0, asked)).toEqual({ kind: 'refused' });
    await world.after(200, session.acquire(ask()));
    await released;
    expect(world.nodes.map(({ space }) => space.inspect(held.keys[0]!).waiters)).toEqual([1, 0, 0]);
  });

  it('is left by who withdraws', async () => {
    const world = new QuorumWorld(3);
    const [a, b] = [await world.session(), await world.session()];
    grantOf(await world.after(0, a.acquire(ask())));
    const next = ask();
    await world.after(0, b.acquire(next));
    await world.after(0, b.release(leaving(next)));
    expect(world.left).toEqual([1, 1, 1]);
  });

  it('is not joined by an owner of whom something was given back: a fresh one is asked for', async () => {
    const world = new QuorumWorld(3);
    const [a, b] = [await world.session(), await world.session()];
    const held = ask();
    world.nodes[2]!.goDown();
    grantOf(await world.after(0, a.acquire(held)));
    await world.after(0, a.renew([{ key: held.keys[0]!, owner: held.owner, leaseMs: 60_000 }]));
    world.nodes[2]!.comeBack({ isEmpty: false });
    await world.clock.advanceAsync(10_000);
    const next = ask();
    expect(await world.after(100, b.acquire(next))).toEqual({ kind: 'refused' });
    expect(world.left).toEqual([1, 1, 0]);
    expect(await world.after(100, b.acquire(ask()))).toMatchObject({ kind: 'busy' });
  });
});

describe('the token', () => {
  it('is the greatest of the majority, and stands on a majority before the acquire resolves', async () => {
    const world = new QuorumWorld(3, { aheadUs: [0, 3_000_000, 1_000_000] });
    const session = await world.session();
    const request = ask();
    const { token } = grantOf(await world.after(0, session.acquire(request)));
    expect(token).toBe(Math.max(...world.nodes.flatMap(({ tokens }) => tokens)));
    expect(world.nodes.filter(({ tokens }) => tokens[0] === token).length).toBeGreaterThanOrEqual(2);
    expect((await world.after(0, session.inspect(request.keys[0]!))).holders).toMatchObject([{ token }]);
  });

  it('grows although the node that gave the greatest is not there for the next', async () => {
    const world = new QuorumWorld(3, { aheadUs: [0, 5_000_000, 0] });
    const session = await world.session();
    const first = ask();
    const { token } = grantOf(await world.after(0, session.acquire(first)));
    await world.after(50, session.release(leaving(first)));
    world.nodes[1]!.goDown();
    const second = ask();
    expect(grantOf(await world.after(50, session.acquire(second))).token).toBeGreaterThanOrEqual(
      token + TOKEN_BLOCK,
    );
  });

  it('of readers who come together is one for each, a block apart', async () => {
    const world = new QuorumWorld(3, { aheadUs: [0, 10, 5] });
    const readers = await Promise.all(Array.from({ length: 6 }, () => world.session()));
    const waits = readers.map((session) => session.acquire(ask({ weight: 1 })));
    await world.clock.advanceAsync(500);
    const tokens = (await Promise.all(waits)).map((reply) => grantOf(reply).token).sort((a, b) => a - b);
    for (const [at, token] of tokens.entries()) {
      expect(token - (tokens[at - 1] ?? 0)).toBeGreaterThanOrEqual(TOKEN_BLOCK);
    }
  });
});
