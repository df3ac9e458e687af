import { describe, expect, it } from '@jest/globals';
import { LockRuntime } from '../../../../lib/core/lock-runtime.js';
import { memoryStore } from '../../../../lib/stores/memory/index.js';
import { Story } from '../../../../lib/testing/contract/story.js';
import { Tap, tapped } from '../../../../lib/testing/contract/tapped-store.js';
import {
  countingClock,
  eventually,
  lull,
  refusal,
  withWallClockAhead,
  within,
} from '../../../../lib/testing/contract/time.js';

const settings = { namespace: 'n', waitMs: 1_000, watchdogMs: 3_000, shutdownMs: 0 };

describe('tapped', () => {
  it('counts what one client sends, and only that', async () => {
    const store = memoryStore();
    const tap = new Tap();
    const [client, other] = [
      new LockRuntime({ ...settings, store: tapped(store, tap) }),
      new LockRuntime({ ...settings, store }),
    ];
    await (await client.acquire('a')).release();
    await (await other.acquire('b')).release();
    expect([tap.count('acquire'), tap.count('release'), tap.count('renew'), tap.count()]).toEqual([
      1, 1, 0, 2,
    ]);
    await client.inspect('a');
    await client.forceRelease('a');
    expect(tap.count()).toBe(4);
    await Promise.all([client.shutdown(), other.shutdown()]);
  });

  it('loses messages when it is told to', async () => {
    const store = memoryStore();
    const tap = new Tap();
    tap.passesHints = false;
    const client = new LockRuntime({ ...settings, store: tapped(store, tap) });
    const lock = await client.acquire('a');
    await client.forceRelease('a');
    await lull(50);
    expect(lock.signal.aborted).toBe(false);
    tap.passesHints = true;
    await client.forceRelease('a');
    await client.shutdown();
  });
});

describe('a story', () => {
  const overlapping = async (options: { permits?: number } = {}): Promise<Story> => {
    const [one, two] = [memoryStore(), memoryStore()].map((store) => new LockRuntime({ ...settings, store }));
    const story = new Story();
    const stay = (): Promise<void> => lull(30);
    await Promise.all([
      story.visit({ client: one!, name: 'a', key: 'k', options }, stay),
      story.visit({ client: two!, name: 'b', key: 'k', options }, stay),
    ]);
    await Promise.all([one!.shutdown(), two!.shutdown()]);
    return story;
  };

  it('shows that clients of two stores do not exclude each other', async () => {
    await expect(overlapping().then((story) => story.check())).rejects.toThrow(/overlap/);
    await expect(overlapping({ permits: 2 }).then((story) => story.check())).resolves.toBeUndefined();
  });

  it('writes down what was refused', async () => {
    const client = new LockRuntime({ ...settings, store: memoryStore() });
    const story = new Story();
    const lock = await client.acquire('k');
    const visit = { client, name: 'a', key: 'k', options: { waitTime: 0 } };
    expect(await story.visit(visit, () => undefined)).toBe(false);
    // The holder is no part of the story: nothing in it explains the refusal.
    expect(() => story.check({ isFaultless: true })).toThrow(/was answered "busy"/);
    await lock.release();
    await client.shutdown();
  });
});

describe('time', () => {
  it('says late what comes after the lull, and gives what comes before', async () => {
    expect(await within(30, new Promise(() => undefined))).toBe('late');
    expect(await within(30, Promise.resolve('soon'))).toBe('soon');
  });

  it('asks until it is true', async () => {
    let asked = 0;
    await eventually('the third time', () => ++asked === 3);
    expect(asked).toBe(3);
  });

  it('says what never came true', async () => {
    await expect(eventually('pigs fly', () => false)).rejects.toThrow('pigs fly');
  });

  it('moves the wall clock for a while', async () => {
    const before = Date.now();
    await withWallClockAhead(3_600_000, async () =>
      expect(Date.now()).toBeGreaterThanOrEqual(before + 3_600_000),
    );
    expect(Date.now()).toBeLessThan(before + 3_600_000);
    await expect(withWallClockAhead(1, () => Promise.reject(new Error('own')))).rejects.toThrow('own');
    expect(Date.now()).toBeLessThan(before + 3_600_000);
  });

  it('expects a refusal', async () => {
    expect(await refusal(Promise.reject(new Error('no')))).toMatchObject({ message: 'no' });
    await expect(refusal(Promise.resolve())).rejects.toThrow('It was granted.');
  });

  it('counts timers that are set, fire or are cleared', async () => {
    const clock = countingClock();
    const fired = new Promise<void>((resolve) => void clock.setTimer(5, resolve));
    const other = clock.setTimer(60_000, () => undefined);
    clock.setTimer(Infinity, () => undefined);
    expect(clock.pending).toBe(2);
    other.clear();
    expect(clock.pending).toBe(1);
    await fired;
    expect(clock.pending).toBe(0);
    expect([Math.sign(clock.nowMs()), Math.sign(clock.epochUs())]).toEqual([1, 1]);
  });
});
