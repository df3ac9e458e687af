import { beforeEach, describe, expect, it } from '@jest/globals';
import { LockStoreError } from '../../../../lib/errors.js';
import {
  type AcquireRequest,
  type Hint,
  type LockStore,
  MODE_CAPACITY,
  type StoreSession,
} from '../../../../lib/line/store.js';
import { memoryStore } from '../../../../lib/stores/memory/index.js';
import { type ManualClock, manualClock } from '../../../../lib/testing/manual-clock.js';

let clock: ManualClock;
let store: LockStore;
let heard: string[];

beforeEach(() => {
  clock = manualClock();
  store = memoryStore({ clock });
  heard = [];
});

function open(name: string, from = store): Promise<StoreSession> {
  const onHint = (hint: Hint): void =>
    void heard.push(`${name}: ${hint.kind} ${hint.kind === 'all' ? '' : hint.owner}`);
  return from.connect({ clock, watchdogMs: 10_000, onHint });
}

function request(owner: string): AcquireRequest {
  return {
    owner,
    keys: ['k'],
    capacity: MODE_CAPACITY,
    weight: MODE_CAPACITY,
    leaseMs: 10_000,
    takesPlace: true,
  };
}

const release = (session: StoreSession, owner: string): Promise<void> =>
  session.release({ owner, keys: ['k'], refuses: false, keepMs: 0 });

describe('a memory store', () => {
  it('says what it is and what it can', () => {
    expect(store).toMatchObject({
      name: 'memory',
      capabilities: { shared: true, permits: true, leases: true, fairOrder: true, wakeUp: 'message' },
    });
  });

  it('shares its locks among all sessions that are opened on it', async () => {
    const [a, b] = [await open('a'), await open('b')];
    await a.acquire(request('x'));
    expect((await b.acquire(request('y'))).kind).toBe('busy');
    expect(await b.inspect('k')).toMatchObject({ holders: [{ owner: 'x' }], waiters: 1 });
  });

  it('has nothing to do with another memory store', async () => {
    const other = await open('other', memoryStore({ clock }));
    await (await open('a')).acquire(request('x'));
    expect((await other.acquire(request('y'))).kind).toBe('held');
  });

  it('calls a waiter at its own session, after the command that caused it was carried out', async () => {
    const [a, b] = [await open('a'), await open('b')];
    await a.acquire(request('x'));
    await b.acquire(request('y'));
    const released = release(a, 'x');
    expect(heard).toEqual([]);
    await released;
    await clock.advanceAsync(0);
    expect(heard).toEqual(['b: called y']);
  });

  it('tells the holder’s session of a forced release', async () => {
    const [a, b] = [await open('a'), await open('b')];
    await a.acquire(request('x'));
    expect([await b.forceRelease('k'), await b.forceRelease('k')]).toEqual([true, false]);
    await clock.advanceAsync(0);
    expect(heard).toEqual(['a: gone x']);
    expect(await a.renew([{ key: 'k', owner: 'x', leaseMs: 10_000 }])).toEqual([0]);
  });

  it('ends leases by the clock it was given', async () => {
    const a = await open('a');
    await a.acquire(request('x'));
    clock.advance(10_000);
    expect((await a.acquire(request('y'))).kind).toBe('held');
  });

  it('sets no timer of its own', async () => {
    const a = await open('a');
    await a.acquire(request('x'));
    await a.acquire(request('y'));
    expect(clock.pending).toBe(0);
  });
});

describe('a closed session', () => {
  it('refuses every verb, naming it', async () => {
    const a = await open('a');
    await a.close();
    await a.close();
    const asked = {
      acquire: a.acquire(request('x')),
      renew: a.renew([]),
      release: release(a, 'x'),
      inspect: a.inspect('k'),
      forceRelease: a.forceRelease('k'),
    };
    for (const [operation, answer] of Object.entries(asked)) {
      const error: unknown = await answer.catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(LockStoreError);
      expect(error).toMatchObject({ store: 'memory', operation, isTransient: false });
    }
  });

  it('gets no message any more', async () => {
    const [a, b] = [await open('a'), await open('b')];
    await a.acquire(request('x'));
    await b.acquire(request('y'));
    await b.close();
    await release(a, 'x');
    await clock.advanceAsync(0);
    expect(heard).toEqual([]);
  });

  it('keeps the other sessions as they are', async () => {
    const [a, b] = [await open('a'), await open('b')];
    await a.acquire(request('x'));
    await b.close();
    expect(await a.renew([{ key: 'k', owner: 'x', leaseMs: 10_000 }])).toEqual([10_000]);
  });
});
