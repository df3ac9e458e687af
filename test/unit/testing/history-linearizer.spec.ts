import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { LockEvent, RequestSpan } from '../../../lib/testing/history.js';
import { spansByKey } from '../../../lib/testing/history.js';
import { unorderable } from '../../../lib/testing/history-linearizer.js';
import { generateHistory } from './generated-history.js';
import { hasAnyOrder } from './naive-linearizer.js';
import { seededRandom } from './random.js';

const spansOf = (history: readonly LockEvent[]): RequestSpan[] => [...spansByKey(history).values()].flat();
const ask = (request: number, atMs: number, more: Partial<RequestSpan> = {}): LockEvent => ({
  kind: 'asked',
  request,
  atMs,
  client: `c${request}`,
  key: 'k',
  capacity: 1,
  weight: 1,
  waits: false,
  ...more,
});
const grant = (request: number, atMs: number, token: number): LockEvent => ({
  kind: 'granted',
  request,
  atMs,
  token,
  owner: `o${request}`,
});
const at = (request: number, atMs: number, kind: 'released' | 'freed' | 'busy'): LockEvent => ({
  kind,
  request,
  atMs,
});

/** Any story of a few requests at random moments, mostly impossible ones. */
function anyStory(seed: number): RequestSpan[] {
  const random = seededRandom(seed);
  const capacity = random.int(1, 3);
  return Array.from({ length: random.int(2, 5) }, (_, request) => {
    // Fractions keep moments apart: at one moment two orders would be right.
    const [askedMs, answeredMs, endMs, freedMs] = Array.from({ length: 4 }, () => random.next() * 10).sort(
      (a, b) => a - b,
    );
    const outcome = random.pick(['granted', 'granted', 'busy', 'unknown', 'timedOut'] as const);
    const isForgotten = random.int(0, 4) === 0;
    return {
      request,
      client: `c${request}`,
      key: 'k',
      capacity,
      weight: random.int(1, capacity),
      waits: outcome === 'timedOut' || (outcome === 'granted' && random.int(0, 3) === 0),
      askedMs: askedMs!,
      queuedMs: Infinity,
      answeredMs: answeredMs!,
      outcome,
      owner: `o${request}`,
      token: random.int(0, 8) + request / 10,
      endMs: isForgotten && outcome === 'unknown' ? Infinity : endMs!,
      freedMs: isForgotten ? Infinity : freedMs!,
    };
  });
}

describe('unorderable', () => {
  it('agrees with a search of every order, over random stories of mutexes and semaphores', () => {
    let possible = 0;
    const runs = 4_000;
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const story = anyStory(seed);
        const expected = hasAnyOrder(story);
        if (expected) possible++;
        expect([story, unorderable(story).length === 0]).toEqual([story, expected]);
      }),
      { numRuns: runs },
    );
    // Neither answer is right by being always right.
    expect(possible).toBeGreaterThan(runs / 20);
    expect(possible).toBeLessThan((runs * 19) / 20);
  });

  it('accepts a refusal while the lock was held', () => {
    const history = [
      ask(1, 0),
      grant(1, 1, 64),
      ask(2, 2),
      at(2, 3, 'busy'),
      at(1, 4, 'released'),
      at(1, 5, 'freed'),
    ];
    expect(unorderable(spansOf(history))).toEqual([]);
  });

  it('refuses a refusal while nobody held', () => {
    const history = [
      ask(1, 0),
      grant(1, 1, 64),
      at(1, 2, 'released'),
      at(1, 3, 'freed'),
      ask(2, 4),
      at(2, 5, 'busy'),
    ];
    expect(unorderable(spansOf(history))).toMatchObject([{ kind: 'order', requests: [2], atMs: 5 }]);
  });

  it('accepts that refusal where a request of unknown outcome may have held', () => {
    const lost: LockEvent[] = [ask(3, 1), { kind: 'unknown', request: 3, atMs: 2 }];
    const history = [...lost, ask(2, 4), at(2, 5, 'busy')];
    expect(unorderable(spansOf(history))).toEqual([]);
    const isOver: LockEvent[] = [ask(3, 1), { kind: 'unknown', request: 3, atMs: 2, untilMs: 3.5 }];
    expect(unorderable(spansOf([...isOver, ask(2, 4), at(2, 5, 'busy')]))).toHaveLength(1);
  });

  it('refuses a grant while a request of known outcome holds, and accepts it beside a ghost that has ended', () => {
    const ghost: LockEvent[] = [ask(3, 1), { kind: 'unknown', request: 3, atMs: 2 }];
    expect(unorderable(spansOf([...ghost, ask(2, 4), grant(2, 5, 64)]))).toEqual([]);
    expect(unorderable(spansOf([ask(3, 1), grant(3, 2, 1), ask(2, 4), grant(2, 5, 64)]))).toHaveLength(1);
  });

  it('orders shared holds together and exclusive ones alone', () => {
    const all = { capacity: 10, weight: 10 };
    const one = { capacity: 10, weight: 1 };
    const readers = [ask(1, 0, one), grant(1, 1, 64), ask(2, 0, one), grant(2, 1.5, 128)];
    const ends = [at(1, 3, 'released'), at(1, 4, 'freed'), at(2, 3, 'released'), at(2, 4, 'freed')];
    expect(unorderable(spansOf([...readers, ...ends, ask(3, 2, all), grant(3, 5, 192)]))).toEqual([]);
    expect(unorderable(spansOf([...readers, ...ends, ask(3, 1, all), grant(3, 2.5, 192)]))).toHaveLength(1);
  });

  it.each([
    ['a mutex', 1, [1]],
    ['a read/write lock', 1000, [1, 1, 1, 1000]],
    ['a semaphore', 5, [1, 1, 2, 3]],
  ])('checks 10,000 requests of 64 clients for %s in no time', (_, capacity, weights) => {
    const generating = performance.now();
    const history = generateHistory({
      seed: 7,
      clients: 64,
      requests: 10_000,
      capacity,
      weights,
      attempts: 0.3,
    });
    const checking = performance.now();
    const spans = spansOf(history);
    expect(unorderable(spans)).toEqual([]);
    const checkedMs = performance.now() - checking;
    expect(spans).toHaveLength(10_000);
    // To tell the story costs about as much as to check it, on any machine; an unpruned search never ends.
    expect(checkedMs).toBeLessThan((checking - generating) * 10);
  });
});
