import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { metrics, SpanStatusCode, trace } from '@opentelemetry/api';
import { instrumentLocks } from 'nestjs-distributed-lock/opentelemetry';
import type { LockScope } from '../../../lib/core/re-entry.js';
import { TelemetryRecorder } from '../../support/telemetry-recorder.js';
import { type RuntimeWorld, runtimeWorld, stranger } from '../core/fixture.js';
import { watched } from '../core/watched.js';

const VOTE = 'vote:#<userSeq>';
const BY_HAND = '(by hand)';
/** Stands in every key of these tests, and must stand in nothing that leaves the process. */
const SECRET = '4711';

let here: RuntimeWorld;
let recorder: TelemetryRecorder;
let end: () => void;

beforeEach(() => {
  here = runtimeWorld({ limits: { mostUsers: 3, mostMs: 1_000_000 } });
  recorder = new TelemetryRecorder();
  end = instrumentLocks(recorder.providers);
});
afterEach(async () => {
  end();
  await recorder.stop();
});

const settle = (): Promise<void> => here.clock.advanceAsync(0);
const enter = (userSeq: string | number = SECRET): Promise<LockScope> =>
  here.runtime.enter(`vote:${userSeq}`, { template: VOTE });
/** What the store's connection does from now on. */
const cutOff = (): void => {
  here.store.onCommand = (command) => {
    command.fail();
    return true;
  };
};

describe('the metrics', () => {
  it('count grants and hand-offs as they were, local and remote', async () => {
    const first = Array.from({ length: 10 }, () => watched(enter()));
    for (const scope of first) {
      await settle();
      await scope.value!.close();
    }
    const other = stranger(here, 'test:elsewhere');
    other.hold();
    const waiting = watched(here.runtime.acquire('elsewhere'));
    await here.clock.advanceAsync(20);
    other.release();
    await here.clock.advanceAsync(1_000);
    await waiting.value!.release();

    // Three users of a block: three times the hold had to go by way of the store.
    expect(await recorder.points('distributed_lock.grants')).toEqual([
      { value: 10, of: { 'key.template': VOTE, store: 'scripted' } },
      { value: 1, of: { 'key.template': BY_HAND, store: 'scripted' } },
    ]);
    expect(await recorder.points('distributed_lock.hand_offs')).toEqual([
      { value: 6, of: { 'key.template': VOTE, store: 'scripted', hand_off: 'local' } },
      { value: 3, of: { 'key.template': VOTE, store: 'scripted', hand_off: 'remote' } },
      { value: 1, of: { 'key.template': BY_HAND, store: 'scripted', hand_off: 'remote' } },
    ]);
  });

  it('measure waiting and holding in seconds', async () => {
    const first = await enter();
    const second = watched(enter());
    await here.clock.advanceAsync(1_500);
    await first.close();
    await settle();
    await here.clock.advanceAsync(250);
    await second.value!.close();
    const of = { 'key.template': VOTE, store: 'scripted' };
    expect(await recorder.points('distributed_lock.wait.duration')).toEqual([{ value: 1.5, count: 2, of }]);
    expect(await recorder.points('distributed_lock.hold.duration')).toEqual([
      { value: 1.75, count: 2, of: { ...of, end: 'released' } },
    ]);
  });

  it('know a time-out from a lock that is busy, and both from a store that fails', async () => {
    stranger(here, `test:vote:${SECRET}`).hold();
    const late = watched(here.runtime.enter(`vote:${SECRET}`, { template: VOTE, waitTime: 300 }));
    await here.runtime.tryAcquire(`vote:${SECRET}`);
    await here.clock.advanceAsync(400);
    expect(late.error).toMatchObject({ code: 'LOCK_TIMEOUT' });
    const abort = new AbortController();
    const given = watched(here.runtime.acquire(`vote:${SECRET}`, { signal: abort.signal }));
    await settle();
    abort.abort();
    await here.clock.advanceAsync(100);
    expect(given.state).toBe('rejected');
    cutOff();
    const failed = watched(here.runtime.tryAcquire(`vote:${SECRET}`));
    await here.clock.advanceAsync(3_000);
    expect(failed.error).toMatchObject({ code: 'LOCK_STORE' });

    const byHand = { 'key.template': BY_HAND, store: 'scripted' };
    expect(await recorder.points('distributed_lock.timeouts')).toEqual([
      { value: 1, of: { 'key.template': VOTE, store: 'scripted' } },
    ]);
    expect(await recorder.points('distributed_lock.refusals')).toEqual([
      { value: 1, of: { ...byHand, 'error.type': 'busy' } },
      { value: 1, of: { ...byHand, 'error.type': 'AbortError' } },
      { value: 1, of: { ...byHand, 'error.type': 'LOCK_STORE' } },
    ]);
    const refusals = { 'error.type': 'LOCK_TIMEOUT' };
    expect(await recorder.total('distributed_lock.wait.duration', refusals)).toBe(1);
    expect(await recorder.total('distributed_lock.grants')).toBe(0);
  });

  it('count losses by their reason, and renewals', async () => {
    const scope = await enter();
    await here.clock.advanceAsync(7_000);
    here.store.space.forceRelease(`test:vote:${SECRET}`);
    await here.clock.advanceAsync(4_000);
    await scope.close();
    const leased = await here.runtime.acquire('a', { leaseTime: 1_000 });
    await here.clock.advanceAsync(1_000);
    await leased.release();
    expect(await recorder.points('distributed_lock.losses')).toEqual([
      { value: 1, of: { 'key.template': VOTE, store: 'scripted', loss: 'not-held' } },
      { value: 1, of: { 'key.template': BY_HAND, store: 'scripted', loss: 'lease-ended' } },
    ]);
    expect(await recorder.total('distributed_lock.hold.duration', { end: 'lost' })).toBe(2);
    expect(await recorder.total('distributed_lock.renewals')).toBeGreaterThanOrEqual(2);
    expect(await recorder.total('distributed_lock.renewals', { 'error.type': 'LOCK_STORE' })).toBe(0);
  });

  it('show what is held and what waits now, and nothing of it afterwards', async () => {
    const scopes = [await enter(1), await enter(2)];
    const waiting = watched(enter(1));
    await settle();
    expect(await recorder.total('distributed_lock.held', { 'key.template': VOTE })).toBe(2);
    expect(await recorder.total('distributed_lock.waiting', { 'key.template': VOTE })).toBe(1);
    for (const scope of scopes) await scope.close();
    await settle();
    await waiting.value!.close();
    expect(await recorder.points('distributed_lock.held')).toMatchObject([{ value: 0 }]);
    expect(await recorder.points('distributed_lock.waiting')).toMatchObject([{ value: 0 }]);
  });

  it('show a store that does not serve until it does, and its failed renewals', async () => {
    const scope = await enter();
    cutOff();
    await here.clock.advanceAsync(8_000);
    expect(await recorder.points('distributed_lock.stores.down')).toEqual([
      { value: 1, of: { store: 'scripted' } },
    ]);
    const failed = { 'error.type': 'LOCK_STORE' };
    expect(await recorder.total('distributed_lock.renewals', failed)).toBeGreaterThan(0);
    here.store.onCommand = undefined;
    await here.clock.advanceAsync(1_000);
    expect(await recorder.points('distributed_lock.stores.down')).toMatchObject([{ value: 0 }]);
    await scope.close();
  });

  it('have the names and units of the conventions', async () => {
    await (await enter()).close();
    const named = (await recorder.metrics()).map(({ descriptor: { name, unit } }) => [name, unit]);
    expect(named.every(([name]) => /^distributed_lock\.[a-z_.]+$/.test(name!))).toBe(true);
    expect(named.filter(([name]) => name!.endsWith('.duration')).map(([, unit]) => unit)).toEqual(['s', 's']);
    expect(named.filter(([name, unit]) => !name!.endsWith('.duration') && !/^\{\w+\}$/.test(unit!))).toEqual(
      [],
    );
  });
});

describe('the spans', () => {
  it('of waiting and holding are children of the span that was active when the lock was asked for', async () => {
    const tracer = recorder.tracerProvider.getTracer('test');
    const callers = ['one', 'two'].map((name) =>
      tracer.startActiveSpan(name, async (span) => {
        const scope = await enter();
        await scope.run(() => settle());
        await scope.close();
        span.end();
        return span.spanContext();
      }),
    );
    const contexts = await Promise.all(callers);
    const waits = recorder.spansOf(`lock wait ${VOTE}`);
    const holds = recorder.spansOf(`lock hold ${VOTE}`);
    for (const spans of [waits, holds]) {
      expect(spans.map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual(
        contexts.map(({ spanId }) => spanId),
      );
      expect(spans.map((span) => span.spanContext().traceId)).toEqual(contexts.map(({ traceId }) => traceId));
    }
    expect(waits.map(({ attributes }) => attributes['distributed_lock.hand_off'])).toEqual([
      undefined,
      'local',
    ]);
  });

  it('tell the token, and how the hold ended', async () => {
    const scope = await enter();
    const { fencingToken } = scope.handle;
    await scope.close();
    expect(recorder.spansOf(`lock hold ${VOTE}`)[0]!.attributes).toEqual({
      'distributed_lock.key.template': VOTE,
      'distributed_lock.store': 'scripted',
      'distributed_lock.fencing_tokens': [fencingToken],
      'distributed_lock.end': 'released',
    });
  });

  it('of a loss and of a time-out are errors, of a single attempt on a busy lock none', async () => {
    const scope = await enter();
    const late = watched(here.runtime.acquire(`vote:${SECRET}`, { waitTime: 100 }));
    await here.runtime.tryAcquire(`vote:${SECRET}`);
    await here.clock.advanceAsync(200);
    expect(late.state).toBe('rejected');
    here.store.space.forceRelease(`test:vote:${SECRET}`);
    await here.clock.advanceAsync(4_000);
    await scope.close();
    const told = recorder.spans.map(({ name, status, attributes }) => [
      name,
      status.code,
      attributes['error.type'],
    ]);
    expect(told).toEqual([
      [`lock wait ${VOTE}`, SpanStatusCode.UNSET, undefined],
      [`lock wait ${BY_HAND}`, SpanStatusCode.UNSET, 'busy'],
      [`lock wait ${BY_HAND}`, SpanStatusCode.ERROR, 'LOCK_TIMEOUT'],
      [`lock hold ${VOTE}`, SpanStatusCode.ERROR, 'LOCK_LOST'],
    ]);
  });
});

/** Everything that can happen to a key. */
async function everythingHappensTo(key: string): Promise<void> {
  const { runtime, clock, store } = here;
  const scope = await runtime.enter(key, { template: VOTE });
  const attempts = [
    watched(runtime.acquire(key, { waitTime: 50 })),
    watched(runtime.tryAcquire([key, `${key}:b`])),
    watched(runtime.acquire(key, { permits: 3 })),
    watched(runtime.acquire(key, { signal: AbortSignal.abort(new Error(`gave up on ${key}`)) })),
  ];
  const abort = new AbortController();
  attempts.push(watched(runtime.acquire(key, { signal: abort.signal })));
  await clock.advanceAsync(10);
  abort.abort(new Error(`gave up on ${key}`));
  await clock.advanceAsync(100);
  store.space.forceRelease(`test:${key}`);
  await clock.advanceAsync(5_000);
  await scope.close();
  const handle = await runtime.acquire(key);
  cutOff();
  await clock.advanceAsync(11_000);
  await Promise.race([handle.release(), clock.advanceAsync(1_000)]);
  attempts.push(watched(runtime.tryAcquire(key)));
  await clock.advanceAsync(3_000);
  expect(attempts.filter(({ state }) => state === 'pending')).toEqual([]);
}

describe('a raw key', () => {
  it('leaves the process by no attribute, name, status or event', async () => {
    await everythingHappensTo(`vote:${SECRET}`);
    const everything = await recorder.everything();
    expect(everything).toContain(VOTE);
    expect(everything).toContain('LOCK_STORE');
    expect(everything).toContain('LOCK_LOST');
    expect(everything).not.toContain(SECRET);
  });

  it('leaves it where a mapping gives it away, which shows that the test above can see it', async () => {
    end();
    end = instrumentLocks({ ...recorder.providers, templateOf: ([key]) => key });
    await everythingHappensTo(`vote:${SECRET}`);
    expect(await recorder.everything()).toContain(SECRET);
  });

  it('is named by a mapping, where it was given by hand', async () => {
    end();
    end = instrumentLocks({
      ...recorder.providers,
      templateOf: (keys) => (keys[0]!.startsWith('stock:') ? 'stock:<id>' : undefined),
    });
    for (const key of ['stock:1', 'stock:2', 'other']) await (await here.runtime.acquire(key)).release();
    await (await enter()).close();
    expect((await recorder.points('distributed_lock.grants')).map(({ of, value }) => [of, value])).toEqual([
      [{ 'key.template': 'stock:<id>', store: 'scripted' }, 2],
      [{ 'key.template': BY_HAND, store: 'scripted' }, 1],
      [{ 'key.template': VOTE, store: 'scripted' }, 1],
    ]);
  });

  it('whose mapping fails is one of those given by hand, and the process goes on', async () => {
    end();
    end = instrumentLocks({
      ...recorder.providers,
      templateOf: () => {
        throw new Error('a bad mapping');
      },
    });
    await (await here.runtime.acquire('a')).release();
    await new Promise(setImmediate);
    expect(await recorder.total('distributed_lock.grants', { 'key.template': BY_HAND })).toBe(1);
  });
});

describe('switching it on and off', () => {
  it('finds an SDK that is started afterwards', async () => {
    end();
    end = instrumentLocks();
    metrics.setGlobalMeterProvider(recorder.meterProvider);
    trace.setGlobalTracerProvider(recorder.tracerProvider);
    await (await enter()).close();
    metrics.disable();
    trace.disable();
    expect(await recorder.total('distributed_lock.grants')).toBe(1);
    expect(recorder.spans).toHaveLength(2);
  });

  it('works where there is no SDK', async () => {
    end();
    end = instrumentLocks();
    const scope = await enter();
    await expect(scope.close()).resolves.toBeUndefined();
  });

  it('off leaves no listener, no open span and nothing in the gauges', async () => {
    const scope = await enter(1);
    const waiting = watched(enter(1));
    await settle();
    end();
    end();
    expect(recorder.spans.map(({ name }) => name)).toEqual([
      `lock wait ${VOTE}`,
      `lock hold ${VOTE}`,
      `lock wait ${VOTE}`,
    ]);
    await scope.close();
    await settle();
    await waiting.value!.close();
    expect(await recorder.total('distributed_lock.held')).toBe(0);
    expect(await recorder.total('distributed_lock.waiting')).toBe(0);
    expect(await recorder.total('distributed_lock.grants')).toBe(1);
  });

  it('in the midst of a hold counts its end, and no gauge goes below nothing', async () => {
    end();
    const scope = await enter();
    await here.clock.advanceAsync(500);
    end = instrumentLocks(recorder.providers);
    await scope.close();
    expect(await recorder.points('distributed_lock.hold.duration')).toMatchObject([{ value: 0.5, count: 1 }]);
    expect(await recorder.points('distributed_lock.held')).toEqual([]);
    expect(recorder.spans).toEqual([]);
  });

  it('is not needed to hear the events', async () => {
    end();
    const heard: string[] = [];
    const note = (_: unknown, name: string | symbol): void => void heard.push(String(name));
    subscribe('nestjs-distributed-lock:granted', note);
    await (await enter()).close();
    unsubscribe('nestjs-distributed-lock:granted', note);
    expect(heard).toEqual(['nestjs-distributed-lock:granted']);
  });
});
