import { afterEach, describe, expect, it } from '@jest/globals';
import { LockRuntime } from '../../../lib/core/lock-runtime.js';
import { LockLostError, LockStoreError, LockTimeoutError } from '../../../lib/errors.js';
import { type Clock, systemClock } from '../../../lib/util/clock.js';
import { lockStoreContractChapters } from '../../../lib/testing/index.js';
import { manualClock } from '../../../lib/testing/manual-clock.js';
import { scriptedStore } from '../../../lib/testing/scripted-store.js';

const ends: (() => Promise<void>)[] = [];

async function clientOf(store = scriptedStore(), clock: Clock = systemClock) {
  const settings = { namespace: 'a:b', waitMs: 1_000, watchdogMs: 3_000, shutdownMs: 0 };
  const client = new LockRuntime({ store, clock, ...settings });
  ends.push(() => client.shutdown());
  await client.start();
  return { client, store };
}

/** A client and its store on one clock that the test moves. */
async function clientByHand() {
  const clock = manualClock();
  const made = await clientOf(scriptedStore({ clock }), clock);
  const shutdown = ends.pop()!;
  const end = async (): Promise<void> => {
    const ended = shutdown();
    await clock.advanceAsync(5_000);
    await ended;
  };
  ends.push(end);
  return { ...made, clock, end };
}

afterEach(async () => {
  await Promise.all(ends.splice(0).map((end) => end()));
});

describe('a scripted store without a script', () => {
  it('works like any other', async () => {
    const { client } = await clientOf();
    await expect(client.withLock('k', (lock) => lock.isHeld)).resolves.toBe(true);
    expect(await client.inspect('k')).toEqual({ key: 'k', holders: [], waiters: 0 });
  });

  const store = scriptedStore();
  const context = { open: async () => store, close: async () => undefined };
  const some = ['the port', 'mutual exclusion', 'several keys', 're-entry', 'fencing'];
  it.each(some.flatMap((chapter) => lockStoreContractChapters[chapter]!))(
    'keeps the contract: $name',
    (one) => one.run(context),
  );
});

describe('busy', () => {
  it('says that somebody else holds the key, and no other, as the application writes it', async () => {
    const { client, store } = await clientOf();
    store.busy('vote:7');
    expect(await client.tryAcquire('vote:7')).toBeNull();
    expect(await client.tryAcquire('vote:70')).not.toBeNull();
    expect(await client.tryAcquire('7')).not.toBeNull();
    expect((await client.inspect('vote:7')).holders).toHaveLength(1);
  });

  it('shows the holder also where nobody has asked yet', async () => {
    const { client, store } = await clientOf();
    store.busy('k');
    expect((await client.inspect('k')).holders).toHaveLength(1);
  });

  it('lets a wait end, on the clock of the application', async () => {
    const { client, store, clock } = await clientByHand();
    store.busy('k');
    let error: unknown;
    void client.acquire('k').catch((refusal: unknown) => (error = refusal));
    await clock.advanceAsync(999);
    expect(error).toBeUndefined();
    await clock.advanceAsync(1);
    expect(error).toBeInstanceOf(LockTimeoutError);
  });

  it('gives the key to who waits once it is cleared', async () => {
    const { client, store } = await clientOf();
    store.busy('k');
    const wait = client.acquire('k');
    expect(await Promise.race([wait, client.inspect('k').then(() => 'waiting')])).toBe('waiting');
    store.clear();
    expect((await wait).isHeld).toBe(true);
  });

  it('leaves who holds the key alone, and is next', async () => {
    const { client, store } = await clientOf();
    const lock = await client.acquire('k');
    store.busy('k');
    expect(lock.isHeld).toBe(true);
    await lock.release();
    expect(await client.tryAcquire('k')).toBeNull();
  });

  it('is busy for semaphores and readers too, each as it is asked for', async () => {
    const { client, store } = await clientOf();
    store.busy('k');
    expect(await client.tryAcquire('k', { permits: 3 })).toBeNull();
    expect(await client.tryAcquire('k', { mode: 'shared' })).toBeNull();
    expect(await client.tryAcquire('k', { permits: 5 })).toBeNull();
    store.clear();
    expect(await client.tryAcquire('k', { permits: 5, weight: 5 })).not.toBeNull();
  });

  it('holds for longer than a silent request would', async () => {
    const { client, store, clock } = await clientByHand();
    store.busy('k');
    await clock.advanceAsync(60_000);
    expect(await client.tryAcquire('k')).toBeNull();
  });
});

describe('fail', () => {
  it('answers every command with a LockStoreError that has the cause, and runs no body', async () => {
    const { client, store } = await clientOf();
    const cause = new Error('ECONNREFUSED');
    store.fail(cause);
    const isIt = { name: 'LockStoreError', store: 'scripted', cause };
    await expect(client.withLock('k', () => expect(true).toBe(false))).rejects.toMatchObject({
      ...isIt,
      operation: 'acquire',
    });
    await expect(client.tryAcquire('k')).rejects.toBeInstanceOf(LockStoreError);
    await expect(client.inspect('k')).rejects.toMatchObject({ ...isIt, operation: 'inspect' });
    await expect(client.forceRelease('k')).rejects.toMatchObject({ ...isIt, operation: 'forceRelease' });
  });

  it('fails also to connect, and serves once it is cleared', async () => {
    const store = scriptedStore();
    store.fail(new Error('down'));
    const { client } = await clientOf(store);
    await expect(client.tryAcquire('k')).rejects.toBeInstanceOf(LockStoreError);
    store.clear();
    expect(await client.tryAcquire('k')).not.toBeNull();
  });

  it('loses a hold that cannot be renewed, at its deadline', async () => {
    const { client, store, clock } = await clientByHand();
    const lock = await client.acquire('k');
    store.fail(new Error('down'));
    await clock.advanceAsync(2_900);
    expect(lock.isHeld).toBe(true);
    await clock.advanceAsync(100);
    expect(lock.signal.reason).toBeInstanceOf(LockLostError);
    store.clear();
  });
});

describe('delay', () => {
  it('answers so much later', async () => {
    const { client, store, clock } = await clientByHand();
    store.delay(300);
    let isAnswered = false;
    void client.tryAcquire('k').then(() => (isAnswered = true));
    await clock.advanceAsync(299);
    expect(isAnswered).toBe(false);
    await clock.advanceAsync(1);
    expect(isAnswered).toBe(true);
    store.clear();
  });
});

describe('lose', () => {
  it('ends the hold and tells the holder', async () => {
    const { client, store } = await clientOf();
    const lock = await client.acquire('vote:7');
    const told = new Promise((resolve) => lock.signal.addEventListener('abort', resolve));
    store.lose('vote:7');
    await told;
    expect(lock.signal.reason).toBeInstanceOf(LockLostError);
    expect(lock.isHeld).toBe(false);
    expect(await client.tryAcquire('vote:7')).not.toBeNull();
  });

  it('touches no other key, and nothing where nobody holds', async () => {
    const { client, store } = await clientOf();
    const lock = await client.acquire('k');
    store.lose('other');
    store.lose('b:k');
    await client.inspect('k');
    expect(lock.isHeld).toBe(true);
  });

  it('hands a key that is busy to somebody else', async () => {
    const { client, store } = await clientOf();
    await client.acquire('k');
    store.busy('k');
    store.lose('k');
    expect(await client.tryAcquire('k')).toBeNull();
  });
});

describe('clear', () => {
  it('leaves nothing behind', async () => {
    const { client, store, clock, end } = await clientByHand();
    store.busy('k');
    await client.tryAcquire('k');
    store.clear();
    expect(await client.inspect('k')).toEqual({ key: 'k', holders: [], waiters: 0 });
    await end();
    expect(clock.pending).toBe(0);
  });
});
