import { describe, expect, it } from '@jest/globals';
import { CLAIM_MS, MODE_CAPACITY, REFUSED_MS, SILENT_MS, TOKEN_BLOCK } from '../../../lib/line/store.js';
import { OneKey, permits, SHARED } from './one-key.js';

/** A key that `a` holds and for which the others wait, in that order. */
function heldByA(...waiting: string[]): OneKey {
  const key = new OneKey();
  key.acquire('a', { leaseMs: 60_000 });
  for (const owner of waiting) key.acquire(owner);
  key.messages();
  return key;
}

describe('a stranger', () => {
  it('holds at once where nobody holds or waits', () => {
    const key = new OneKey();
    expect(key.acquire('a')).toEqual({ kind: 'held', grant: { token: key.nowUs, restMs: 10_000 } });
    expect(key.messages()).toEqual([]);
  });

  it('takes a place where somebody holds, and learns when the hold ends', () => {
    const key = heldByA();
    expect(key.pass(1_000).acquire('b')).toEqual({ kind: 'busy', lookInMs: 59_000 });
    expect(key.waiting).toEqual(['b']);
  });

  it('without a place is told that it is busy and leaves no trace', () => {
    const key = heldByA();
    expect(key.acquire('b', { takesPlace: false }).kind).toBe('busy');
    expect(key.waiting).toEqual([]);
  });

  it('may not pass a request that waits, though it would fit', () => {
    const key = new OneKey();
    key.acquire('reader', SHARED);
    key.acquire('writer');
    expect(key.acquire('late reader', SHARED).kind).toBe('busy');
    expect(key.acquire('late reader without a place', { ...SHARED, takesPlace: false }).kind).toBe('busy');
  });

  it('may hold beside requests that are all called and leave room for it', () => {
    const key = new OneKey();
    key.acquire('a', permits(3, 3));
    key.acquire('b', permits(1, 3));
    key.release('a');
    expect(key.called).toEqual(['b']);
    expect(key.acquire('c', permits(2, 3)).kind).toBe('held');
    expect(key.acquire('b', permits(1, 3)).kind).toBe('held');
  });

  it('may not take the room that was promised to a called request', () => {
    const key = new OneKey();
    key.acquire('a', permits(3, 3));
    key.acquire('b', permits(2, 3));
    key.release('a');
    expect(key.acquire('c', permits(2, 3)).kind).toBe('busy');
  });
});

describe('a request that waits', () => {
  it('is called by a release, once, and nobody else is', () => {
    const key = heldByA('b', 'c');
    key.release('a');
    expect(key.messages()).toEqual(['called b']);
    key.sweep();
    key.acquire('d');
    expect(key.messages()).toEqual([]);
    expect(key.called).toEqual(['b']);
  });

  it('is not made a holder by the release: it holds by its own acquire', () => {
    const key = heldByA('b');
    key.release('a');
    expect(key.holders).toEqual([]);
    expect(key.acquire('b').kind).toBe('held');
    expect([key.holders, key.waiting]).toEqual([['b'], []]);
  });

  it('is called when it comes first by a withdrawal', () => {
    const key = new OneKey();
    key.acquire('reader', SHARED);
    key.acquire('writer');
    key.acquire('next reader', SHARED);
    key.messages();
    key.release('writer');
    expect(key.messages()).toEqual(['called next reader']);
  });

  it('is called when whoever looks finds that the lease has ended', () => {
    const key = new OneKey();
    key.acquire('a', { leaseMs: 1_000 });
    key.acquire('b');
    key.pass(999).sweep();
    expect(key.messages()).toEqual([]);
    key.pass(1).sweep();
    expect(key.messages()).toEqual(['called b']);
  });

  it('gets no message where its own look finds that it may hold', () => {
    const key = new OneKey();
    key.acquire('a', { leaseMs: 1_000 });
    key.acquire('b');
    expect(key.pass(1_000).acquire('b').kind).toBe('held');
    expect(key.messages()).toEqual([]);
  });

  it('keeps its place and stays unanswered where it looks too early', () => {
    const key = heldByA('b', 'c');
    expect(key.acquire('c')).toEqual({ kind: 'busy', lookInMs: 60_000 });
    expect(key.waiting).toEqual(['b', 'c']);
  });

  it('loses its place by withdrawing', () => {
    const key = heldByA('b', 'c');
    key.release('b');
    key.release('a');
    expect(key.messages()).toEqual(['called c']);
  });
});

describe('the longest prefix that fits', () => {
  it('is one request of a mutex', () => {
    const key = heldByA('b', 'c');
    key.release('a');
    expect(key.called).toEqual(['b']);
  });

  it('is all readers before the next writer, called together', () => {
    const key = heldByA();
    for (const reader of ['r1', 'r2', 'r3']) key.acquire(reader, SHARED);
    key.acquire('writer');
    key.acquire('r4', SHARED);
    key.messages();
    key.release('a');
    expect(key.messages()).toEqual(['called r1', 'called r2', 'called r3']);
    expect(['r1', 'r2', 'r3'].map((reader) => key.acquire(reader, SHARED).kind)).toEqual([
      'held',
      'held',
      'held',
    ]);
  });

  it('does not overtake a queued writer with later readers', () => {
    const key = new OneKey();
    key.acquire('r1', SHARED);
    key.acquire('writer');
    for (let index = 0; index < 5; index++) key.acquire(`late ${index}`, SHARED);
    key.release('r1');
    expect(key.called).toEqual(['writer']);
  });

  it('does not starve a request for 4 of 5 permits by a stream of single ones', () => {
    const key = new OneKey();
    for (let index = 0; index < 5; index++) key.acquire(`single ${index}`, permits(1, 5));
    key.acquire('four', permits(4, 5));
    for (let index = 5; index < 20; index++) key.acquire(`single ${index}`, permits(1, 5));
    for (let index = 0; index < 4; index++) {
      expect(key.called).toEqual([]);
      key.release(`single ${index}`);
    }
    expect(key.called).toEqual(['four']);
    expect(key.acquire('four', permits(4, 5)).kind).toBe('held');
  });

  it('calls weights while they fit and stops at the first that does not', () => {
    const key = new OneKey();
    key.acquire('all', permits(5, 5));
    key.acquire('two', permits(2, 5));
    key.acquire('three', permits(3, 5));
    key.acquire('one', permits(1, 5));
    key.messages();
    key.release('all');
    expect(key.messages()).toEqual(['called two', 'called three']);
  });

  it('lets every permit be held', () => {
    const key = new OneKey();
    const kinds = ['a', 'b', 'c', 'd'].map((owner) => key.acquire(owner, permits(1, 3)).kind);
    expect(kinds).toEqual(['held', 'held', 'held', 'busy']);
  });
});

describe('a called request', () => {
  it('stays called where it looks while it may hold, and holds', () => {
    const key = heldByA('b');
    key.release('a');
    expect(key.pass(CLAIM_MS - 1).acquire('b').kind).toBe('held');
  });

  it('is passed over when the claim time is over and somebody looks', () => {
    const key = heldByA('b', 'c');
    key.release('a');
    key.messages();
    expect(key.pass(CLAIM_MS - 1).acquire('c')).toEqual({ kind: 'busy', lookInMs: 1 });
    expect(key.pass(1).acquire('c').kind).toBe('held');
    expect([key.asleep, key.waiting]).toEqual([['b'], ['b']]);
  });

  it('is not passed over by its own late look', () => {
    const key = heldByA('b');
    key.release('a');
    expect(key.pass(CLAIM_MS + 500).acquire('b').kind).toBe('held');
  });

  it('is called no more where the line before it grew longer: an asleep member is back', () => {
    const key = heldByA('b', 'c');
    key.release('a');
    key.pass(CLAIM_MS).sweep();
    expect(key.called).toEqual(['c']);
    expect(key.acquire('b').kind).toBe('held');
    expect([key.called, key.waiting]).toEqual([[], ['c']]);
    expect(key.acquire('c').kind).toBe('busy');
  });

  it('is called again, with a message, when the prefix is long enough again', () => {
    const key = heldByA('b', 'c');
    key.release('a');
    key.pass(CLAIM_MS).sweep();
    key.acquire('b');
    key.messages();
    key.release('b');
    expect(key.messages()).toEqual(['called c']);
  });
});

describe('an asleep request', () => {
  it('keeps its place and is first again when it looks', () => {
    const key = heldByA('b', 'c');
    key.release('a');
    key.pass(CLAIM_MS).acquire('c');
    key.acquire('d');
    expect(key.acquire('b').kind).toBe('busy');
    expect([key.asleep, key.waiting]).toEqual([[], ['b', 'd']]);
    key.release('c');
    expect(key.called).toEqual(['b']);
  });

  it('keeps nobody out while it sleeps', () => {
    const key = heldByA('b');
    key.release('a');
    key.pass(CLAIM_MS).sweep();
    expect(key.acquire('c').kind).toBe('held');
  });

  it('loses its place when it was silent for too long', () => {
    const key = heldByA('b');
    key.release('a');
    key.pass(CLAIM_MS).sweep();
    key.pass(SILENT_MS - CLAIM_MS - 1).sweep();
    expect(key.waiting).toEqual(['b']);
    key.pass(1).sweep();
    expect(key.waiting).toEqual([]);
  });
});

describe('a silent request', () => {
  it('is dropped without being called when it comes first', () => {
    const key = heldByA('b', 'c');
    key.pass(SILENT_MS).acquire('c');
    key.release('a');
    expect(key.messages()).toEqual(['called c']);
    expect(key.waiting).toEqual(['c']);
  });

  it('stays while others hold and it is behind them, so that no command walks the line', () => {
    const key = heldByA('b', 'c');
    key.pass(SILENT_MS - 1).acquire('b');
    key.pass(1).sweep();
    expect(key.waiting).toEqual(['b', 'c']);
  });

  it('starts at the end where it comes back too late', () => {
    const key = heldByA('b', 'c');
    key.pass(SILENT_MS).acquire('c');
    key.release('a');
    key.acquire('b');
    expect(key.waiting).toEqual(['c', 'b']);
  });

  it('is dropped in the same look that takes its call back, so that it does not end the prefix', () => {
    const key = heldByA('b', 'silent', 'c');
    key.at(1_500).acquire('c');
    key.release('a');
    key.at(2_500).sweep();
    expect(key.called).toEqual(['silent']);
    key.at(SILENT_MS);
    expect(key.acquire('b').kind).toBe('held');
    expect(key.waiting).toEqual(['c']);
  });

  it('costs the living at most three seconds and a look, however many died before them', () => {
    const key = heldByA(...Array.from({ length: 50 }, (_, index) => `dead ${index}`), 'living');
    key.release('a');
    let waitedMs = 0;
    while (key.acquire('living').kind === 'busy') {
      key.pass(600);
      waitedMs += 600;
    }
    expect(waitedMs).toBeLessThanOrEqual(SILENT_MS + 600);
  });
});

describe('a holder', () => {
  it('that asks again is told the same token and what is left, and nothing changes', () => {
    const key = new OneKey();
    const first = key.acquire('a');
    const before = key.snapshot();
    const again = key.pass(4_000).acquire('a', { leaseMs: 60_000 });
    expect(first).toMatchObject({ kind: 'held', grant: { restMs: 10_000 } });
    expect(again).toEqual({ kind: 'held', grant: { token: before.holders[0]!.token, restMs: 6_000 } });
    expect(key.state).toEqual(before);
  });

  it('becomes a stranger when its lease ends', () => {
    const key = new OneKey();
    key.acquire('a', { leaseMs: 1_000 });
    expect(key.pass(1_000).acquire('b').kind).toBe('held');
    expect(key.acquire('a').kind).toBe('busy');
  });

  it('that releases twice changes nothing the second time', () => {
    const key = heldByA('b');
    key.release('a');
    const before = key.snapshot();
    key.release('a');
    expect(key.state).toEqual(before);
    expect(key.messages()).toEqual(['called b']);
  });

  it('is never ended by a stranger that releases', () => {
    const key = heldByA();
    key.release('b');
    expect(key.holders).toEqual(['a']);
  });
});

describe('a renewal', () => {
  it('lengthens the lease from now', () => {
    const key = new OneKey();
    key.acquire('a');
    expect(key.pass(4_000).renew('a', 10_000)).toBe(10_000);
  });

  it('never shortens a lease', () => {
    const key = new OneKey();
    key.acquire('a', { leaseMs: 60_000 });
    expect(key.pass(1_000).renew('a', 10_000)).toBe(59_000);
  });

  it('of 0 only asks for the rest', () => {
    const key = new OneKey();
    key.acquire('a');
    expect(key.pass(1_000).renew('a', 0)).toBe(9_000);
  });

  it('never brings back a hold whose lease has ended, though nobody took it', () => {
    const key = new OneKey();
    key.acquire('a', { leaseMs: 1_000 });
    expect(key.pass(1_000).renew('a', 10_000)).toBe(0);
    key.sweep();
    expect(key.holders).toEqual([]);
  });

  it('of a stranger or a waiter says 0 and makes it no holder', () => {
    const key = heldByA('b');
    expect([key.renew('b', 10_000), key.renew('c', 10_000)]).toEqual([0, 0]);
    expect(key.holders).toEqual(['a']);
  });
});

describe('a yield', () => {
  it('with nobody waiting holds on under the fresh owner and a new block of tokens', () => {
    const key = heldByA();
    const token = key.state.lastToken;
    expect(key.acquire('fresh', { replaces: 'a' })).toMatchObject({ kind: 'held' });
    expect(key.holders).toEqual(['fresh']);
    expect(key.state.lastToken).toBe(token + TOKEN_BLOCK);
  });

  it('with a waiter calls it and takes a place at the end', () => {
    const key = heldByA('b');
    expect(key.acquire('fresh', { replaces: 'a' })).toMatchObject({ kind: 'busy' });
    expect(key.messages()).toEqual(['called b']);
    expect([key.holders, key.waiting]).toEqual([[], ['b', 'fresh']]);
  });

  it('that is repeated as it is answers the same and changes nothing', () => {
    const key = heldByA();
    const first = key.acquire('fresh', { replaces: 'a' });
    const before = key.snapshot();
    expect(key.acquire('fresh', { replaces: 'a' })).toEqual(first);
    expect(key.state).toEqual(before);
  });

  it('of a refused owner gives nothing up', () => {
    const key = heldByA();
    key.release('fresh', { refuses: true });
    expect(key.acquire('fresh', { replaces: 'a' })).toEqual({ kind: 'refused' });
    expect(key.holders).toEqual(['a']);
  });
});

describe('a refused owner', () => {
  it('is not taken any more, until ten seconds are over', () => {
    const key = new OneKey();
    key.release('a', { refuses: true });
    expect(key.pass(REFUSED_MS - 1).acquire('a')).toEqual({ kind: 'refused' });
    expect([key.holders, key.waiting]).toEqual([[], []]);
    expect(key.pass(1).acquire('a').kind).toBe('held');
  });

  it('changes nothing by asking, though a lease has ended', () => {
    const key = new OneKey();
    key.release('a', { refuses: true });
    key.acquire('b', { leaseMs: 1_000 });
    key.acquire('c');
    key.pass(1_000);
    const before = key.text;
    key.acquire('a');
    expect([key.text, key.messages()]).toEqual([before, []]);
  });

  it('would not hold either', () => {
    const key = new OneKey();
    key.release('a', { refuses: true });
    expect([key.wouldHold('a'), key.wouldHold('b')]).toEqual([false, true]);
  });

  it('keeps the key from being forgotten as long as it is refused', () => {
    const key = new OneKey();
    key.release('a', { refuses: true });
    expect(key.isForgettable).toBe(false);
    expect(key.pass(REFUSED_MS).isForgettable).toBe(true);
  });
});

describe('a request with another capacity', () => {
  it('is in conflict while somebody holds', () => {
    const key = new OneKey();
    key.acquire('a', permits(1, 3));
    expect(key.acquire('b')).toEqual({ kind: 'conflict', capacity: 3 });
    expect(key.acquire('b', permits(1, 4))).toEqual({ kind: 'conflict', capacity: 3 });
    expect(key.waiting).toEqual([]);
  });

  it('is in conflict while somebody waits', () => {
    const key = heldByA('b');
    key.release('a');
    expect(key.acquire('c', permits(1, 3))).toEqual({ kind: 'conflict', capacity: MODE_CAPACITY });
    expect(key.wouldHold('c', permits(1, 3))).toBe(false);
  });

  it('counts on an idle key', () => {
    const key = new OneKey();
    key.acquire('a', permits(1, 3));
    key.release('a');
    expect(key.acquire('b', permits(5, 5)).kind).toBe('held');
    expect(key.inspect().capacity).toBe(5);
  });

  it('counts once the last lease has ended and the silent are dropped', () => {
    const key = new OneKey();
    key.acquire('a', { ...permits(3, 3), leaseMs: 1_000 });
    key.acquire('b', permits(1, 3));
    key.pass(1_000).sweep();
    expect(key.acquire('c').kind).toBe('conflict');
    expect(key.pass(SILENT_MS).acquire('c').kind).toBe('held');
  });
});

describe('what remains of a minHoldTime', () => {
  it('stands under no owner until its end', () => {
    const key = heldByA('b');
    key.release('a', { keepMs: 5_000 });
    expect(key.inspect().holders).toMatchObject([{ owner: '', restMs: 5_000 }]);
    expect(key.messages()).toEqual([]);
    key.pass(4_999).acquire('b');
    expect(key.holders).toEqual(['']);
    expect(key.pass(1).acquire('b').kind).toBe('held');
  });

  it('is not lengthened by a second release, nor by a renewal', () => {
    const key = heldByA();
    key.release('a', { keepMs: 5_000 });
    key.pass(1_000).release('a', { keepMs: 5_000 });
    expect(key.renew('a', 10_000)).toBe(0);
    expect(key.inspect().holders).toMatchObject([{ restMs: 4_000 }]);
  });

  it('is nobody’s: who held it before waits like others', () => {
    const key = heldByA();
    key.release('a', { keepMs: 5_000 });
    expect(key.acquire('a').kind).toBe('busy');
  });

  it('is not made of a place in the line', () => {
    const key = heldByA('b');
    key.release('b', { keepMs: 5_000 });
    expect([key.holders, key.waiting]).toEqual([['a'], []]);
  });
});

describe('a token', () => {
  it('is the server’s clock in microseconds, or 64 more than the last', () => {
    const key = new OneKey();
    const tokens = ['a', 'b'].map((owner) => {
      key.acquire(owner);
      key.release(owner);
      return key.state.lastToken;
    });
    expect(tokens).toEqual([1_000_000, 1_000_064]);
    key.pass(1).acquire('c');
    expect(key.state.lastToken).toBe(1_001_000);
  });

  it('grows though the clock stands behind the last one', () => {
    const key = new OneKey();
    key.state.lastToken = 9_000_000;
    key.acquire('a');
    expect(key.state.lastToken).toBe(9_000_064);
  });

  it('is the least that was asked for, where that is greater', () => {
    const key = new OneKey();
    const tokenOf = (leastToken: number): unknown => {
      const reply = key.acquire('a', { leastToken });
      return reply.kind === 'held' && reply.grant.token;
    };
    expect([7, 2_000_000, 2_000_001, 5].map(tokenOf)).toEqual([1_000_000, 2_000_000, 2_000_001, 2_000_001]);
    key.release('a');
    key.acquire('b');
    expect(key.state.lastToken).toBe(2_000_001 + TOKEN_BLOCK);
  });

  it('that is raised meets no block that was granted since', () => {
    const key = new OneKey();
    key.acquire('a', SHARED);
    key.acquire('b', SHARED);
    key.acquire('a', { ...SHARED, leastToken: 1_000_070 });
    expect(key.inspect().holders.map(({ token }) => token)).toEqual([1_000_128, 1_000_064]);
    expect(key.state.lastToken).toBe(1_000_128);
  });
});

describe('forceRelease', () => {
  it('ends every hold, tells the holders, and calls who is next', () => {
    const key = new OneKey();
    key.acquire('r1', SHARED);
    key.acquire('r2', SHARED);
    key.acquire('writer');
    expect(key.forceRelease()).toBe(true);
    expect(key.messages()).toEqual(['gone r1', 'gone r2', 'called writer']);
    expect(key.holders).toEqual([]);
  });

  it('ends what remains of a minHoldTime, with nobody to tell', () => {
    const key = heldByA();
    key.release('a', { keepMs: 5_000 });
    expect(key.forceRelease()).toBe(true);
    expect(key.messages()).toEqual([]);
    expect(key.acquire('b').kind).toBe('held');
  });

  it('is false where nobody holds, or the lease has ended', () => {
    const key = new OneKey();
    expect(key.forceRelease()).toBe(false);
    key.acquire('a', { leaseMs: 1_000 });
    expect(key.pass(1_000).forceRelease()).toBe(false);
  });
});

describe('inspect', () => {
  it('tells holders, rest and waiters', () => {
    const key = heldByA('b', 'c');
    expect(key.pass(10_000).inspect()).toEqual({
      capacity: MODE_CAPACITY,
      holders: [{ owner: 'a', token: 1_000_000, weight: MODE_CAPACITY, restMs: 50_000 }],
      waiters: 2,
    });
  });

  it('does not show a hold whose lease has ended', () => {
    const key = new OneKey();
    key.acquire('a', { leaseMs: 1_000 });
    expect(key.pass(1_000).inspect().holders).toEqual([]);
  });

  it('changes nothing, though leases and claims have ended', () => {
    const key = new OneKey();
    key.acquire('a', { leaseMs: 1_000 });
    key.acquire('b');
    const before = key.snapshot();
    key.pass(60_000).inspect();
    expect(key.state).toEqual(before);
    expect(key.messages()).toEqual([]);
  });

  it('shows an unused key as a free mutex', () => {
    expect(new OneKey().inspect()).toEqual({ capacity: MODE_CAPACITY, holders: [], waiters: 0 });
  });
});
