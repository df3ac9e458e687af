import { beforeEach, describe, expect, it } from '@jest/globals';
import { KeySpace } from '../../../lib/line/key-space.js';
import {
  type AcquireReply,
  type AcquireRequest,
  CLAIM_MS,
  MODE_CAPACITY,
  REFUSED_MS,
  TOKEN_BLOCK,
} from '../../../lib/line/store.js';

let nowUs: number;
let messages: string[];
let space: KeySpace;

beforeEach(() => {
  nowUs = 1_000_000;
  messages = [];
  space = new KeySpace({
    nowUs: () => nowUs,
    send: ({ kind, owner, session }) => messages.push(`${kind} ${owner} at ${session}`),
  });
});

function pass(ms: number): void {
  nowUs += ms * 1000;
}

function acquire(owner: string, keys: string[], changes: Partial<AcquireRequest> = {}): AcquireReply {
  const request = { capacity: MODE_CAPACITY, weight: MODE_CAPACITY, leaseMs: 10_000, takesPlace: true };
  return space.acquire({ ...request, owner, keys, ...changes }, `${owner}'s`);
}

function release(owner: string, keys: string[], { refuses = false, keepMs = 0 } = {}): void {
  space.release({ owner, keys, refuses, keepMs });
}

const holders = (key: string): string[] => space.inspect(key).holders.map(({ owner }) => owner);

describe('several keys with a place', () => {
  it('are taken in order, each with its own token', () => {
    const reply = acquire('a', ['k1', 'k2']);
    expect(reply).toEqual({
      kind: 'held',
      grants: [
        { token: 1_000_000, restMs: 10_000 },
        { token: 1_000_000, restMs: 10_000 },
      ],
    });
  });

  it('are taken up to the first that is busy, and its line is joined', () => {
    acquire('x', ['k2']);
    const reply = acquire('a', ['k1', 'k2', 'k3']);
    expect(reply).toMatchObject({ kind: 'busy', grants: [{ restMs: 10_000 }], lookInMs: 10_000 });
    expect([holders('k1'), holders('k2'), holders('k3')]).toEqual([['a'], ['x'], []]);
    expect([space.inspect('k2').waiters, space.inspect('k3').waiters]).toEqual([1, 0]);
  });

  it('that are asked for again tell what is held, with the same tokens, and go on', () => {
    acquire('x', ['k2']);
    const first = acquire('a', ['k1', 'k2', 'k3']);
    release('x', ['k2']);
    expect(messages).toEqual(["called a at a's"]);
    pass(1_000);
    const second = acquire('a', ['k1', 'k2', 'k3']);
    expect(second).toMatchObject({ kind: 'held', grants: [{ restMs: 9_000 }, { restMs: 10_000 }, {}] });
    expect(second).toMatchObject({
      grants: [{ token: first.kind === 'busy' && first.grants[0]!.token }, {}, {}],
    });
  });

  it('tell of a conflict at the key where it is', () => {
    acquire('x', ['k2'], { capacity: 3, weight: 1 });
    expect(acquire('a', ['k1', 'k2'])).toMatchObject({ kind: 'conflict', grants: [{}], capacity: 3 });
  });

  it('are all left by one release', () => {
    acquire('x', ['k3']);
    acquire('a', ['k1', 'k2', 'k3']);
    release('a', ['k1', 'k2', 'k3']);
    expect([holders('k1'), holders('k2'), space.inspect('k3').waiters]).toEqual([[], [], 0]);
  });
});

describe('several keys without a place', () => {
  it('are taken all', () => {
    expect(acquire('a', ['k1', 'k2'], { takesPlace: false }).kind).toBe('held');
    expect([holders('k1'), holders('k2')]).toEqual([['a'], ['a']]);
  });

  it('are none of them taken where one is busy, and no line is joined', () => {
    acquire('x', ['k2']);
    const reply = acquire('a', ['k1', 'k2', 'k3'], { takesPlace: false });
    expect(reply).toEqual({ kind: 'busy', grants: [], lookInMs: 10_000 });
    expect([holders('k1'), holders('k3'), space.inspect('k2').waiters]).toEqual([[], [], 0]);
  });

  it('that are asked for again after a lost answer are all held still', () => {
    const first = acquire('a', ['k1', 'k2'], { takesPlace: false });
    expect(acquire('a', ['k1', 'k2'], { takesPlace: false })).toEqual(first);
  });

  it('tell of a conflict', () => {
    acquire('x', ['k2'], { capacity: 3, weight: 1 });
    expect(acquire('a', ['k1', 'k2'], { takesPlace: false })).toMatchObject({ kind: 'conflict', grants: [] });
    expect(holders('k1')).toEqual([]);
  });

  it('are refused to an owner that was given up', () => {
    release('a', ['k1', 'k2'], { refuses: true });
    expect(acquire('a', ['k1', 'k2'], { takesPlace: false })).toEqual({ kind: 'refused' });
  });
});

describe('renew', () => {
  it('answers for each lease by itself', () => {
    acquire('a', ['k1']);
    acquire('b', ['k2'], { leaseMs: 1_000 });
    pass(1_000);
    const leases = [
      { key: 'k1', owner: 'a', leaseMs: 0 },
      { key: 'k2', owner: 'b', leaseMs: 10_000 },
      { key: 'k3', owner: 'c', leaseMs: 10_000 },
    ];
    expect(space.renew(leases)).toEqual([9_000, 0, 0]);
  });

  it('makes nothing that would have to be remembered', () => {
    space.renew([{ key: 'k', owner: 'a', leaseMs: 10_000 }]);
    expect(space.size).toBe(0);
  });
});

describe('what is remembered', () => {
  it('is nothing after the last release', () => {
    acquire('a', ['k1', 'k2']);
    acquire('b', ['k2']);
    expect(space.size).toBe(2);
    release('a', ['k1', 'k2']);
    acquire('b', ['k2']);
    release('b', ['k2']);
    expect(space.size).toBe(0);
  });

  it('is nothing after a look, a single attempt or a release of a stranger', () => {
    space.inspect('k');
    space.forceRelease('k');
    release('a', ['k']);
    expect(space.size).toBe(0);
  });

  it('is a refused owner until ten seconds are over', () => {
    release('a', ['k'], { refuses: true });
    pass(REFUSED_MS - 1);
    acquire('b', ['other']);
    expect(space.size).toBe(2);
    pass(1);
    release('b', ['other']);
    expect(space.size).toBe(0);
  });

  it('is a minHoldTime until its end', () => {
    acquire('a', ['k']);
    release('a', ['k'], { keepMs: 5_000 });
    expect(holders('k')).toEqual(['']);
    pass(5_000);
    space.forceRelease('other');
    expect(space.size).toBe(0);
  });

  it('is never the token of one key alone: tokens grow over keys that were forgotten', () => {
    for (let index = 0; index < 5; index++) {
      acquire('a', [`k${index}`]);
      release('a', [`k${index}`]);
    }
    const reply = acquire('a', ['k0']);
    expect(reply).toMatchObject({ grants: [{ token: 1_000_000 + 5 * TOKEN_BLOCK }] });
  });
});

describe('what nobody asks for again', () => {
  it('is swept away by commands on other keys, a few each', () => {
    for (let index = 0; index < 100; index++) acquire('a', [`k${index}`], { leaseMs: 1_000 });
    pass(1_000);
    let commands = 0;
    while (space.size > 0) {
      const before = space.size;
      space.forceRelease('other');
      expect(before - space.size).toBeLessThanOrEqual(2);
      commands++;
    }
    expect(commands).toBeLessThanOrEqual(100);
  });

  it('is swept as well while new keys come', () => {
    for (let index = 0; index < 20; index++) acquire('dead', [`old${index}`], { leaseMs: 1_000 });
    pass(1_000);
    for (let index = 0; index < 200; index++) acquire('a', [`new${index}`], { leaseMs: 60_000 });
    expect(space.size).toBe(200);
  });

  it('does not keep those who wait from being called', () => {
    acquire('a', ['k'], { leaseMs: 1_000 });
    acquire('b', ['k']);
    pass(1_000);
    space.forceRelease('other');
    expect(messages).toEqual(["called b at b's"]);
    pass(CLAIM_MS);
    space.forceRelease('other');
    expect(acquire('c', ['k']).kind).toBe('held');
  });
});

describe('messages', () => {
  it('go to the session of the one who is called, after the command is done', () => {
    const sizes: number[] = [];
    space = new KeySpace({ nowUs: () => nowUs, send: () => sizes.push(space.inspect('k').holders.length) });
    acquire('a', ['k']);
    acquire('b', ['k']);
    release('a', ['k']);
    expect(sizes).toEqual([0]);
  });

  it('tell holders of a forced release', () => {
    acquire('a', ['k']);
    expect([space.forceRelease('k'), space.forceRelease('k')]).toEqual([true, false]);
    expect(messages).toEqual(["gone a at a's"]);
  });
});

describe('the list', () => {
  it('has what is held or waited for, by name, and not what is only remembered', () => {
    acquire('a1', ['vote:2']);
    acquire('a2', ['vote:1'], { leaseMs: 500 });
    acquire('a3', ['other']);
    release('a4', ['vote:3'], { refuses: true });
    const all = { prefix: 'vote:', most: 10 };
    expect(space.list(all)).toEqual({ keys: ['vote:1', 'vote:2'], hashes: [], next: undefined });
    pass(500);
    expect(space.list(all).keys).toEqual(['vote:2']);
  });

  it('is told in pages, each where the one before ended', () => {
    for (const key of ['k3', 'k1', 'k4', 'k2']) acquire(`a${key}`, [key]);
    const first = space.list({ prefix: 'k', most: 2 });
    expect(first).toEqual({ keys: ['k1', 'k2'], hashes: [], next: 'k2' });
    release('ak2', ['k2']);
    acquire('late', ['k0']);
    const second = space.list({ prefix: 'k', most: 2, from: first.next });
    expect(second).toEqual({ keys: ['k3', 'k4'], hashes: [], next: undefined });
  });
});
