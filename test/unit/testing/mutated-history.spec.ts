import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { checkHistory, type HistoryPromises, type Violation } from '../../../lib/testing/history-checker.js';
import { type LockEvent, type RequestSpan, spansByKey } from '../../../lib/testing/history.js';
import { generateHistory } from './generated-history.js';
import { type Random, seededRandom } from './random.js';

const KINDS = [
  { name: 'a mutex', capacity: 1, weights: [1] },
  { name: 'a read/write lock', capacity: 1000, weights: [1, 1, 1000] },
  { name: 'a semaphore', capacity: 4, weights: [1, 2, 4] },
] as const;

const ALL: HistoryPromises = { idleMs: 10, isFair: true, isFaultless: true };

/** One thing done wrong: the history with it, and what must be found; undefined where the history has no place for it. */
type Mutation = (history: readonly LockEvent[], random: Random) => LockEvent[] | undefined;

const grantsOf = (history: readonly LockEvent[]): RequestSpan[] =>
  spansByKey(history)
    .get('k')!
    .filter((one) => one.outcome === 'granted')
    .sort((a, b) => a.token - b.token);
const edit = (
  history: readonly LockEvent[],
  request: number,
  change: (event: LockEvent) => LockEvent,
): LockEvent[] => history.map((event) => (event.request === request ? change(event) : event));
const excludes = (a: RequestSpan, b: RequestSpan): boolean => a.weight + b.weight > a.capacity;

/** Two holds that exclude each other, one right after the other. */
function pickPair(
  history: readonly LockEvent[],
  random: Random,
  isRight: (first: RequestSpan, second: RequestSpan) => boolean = () => true,
): [RequestSpan, RequestSpan] | undefined {
  const grants = grantsOf(history);
  const pairs = grants.slice(1).flatMap((second, index): [RequestSpan, RequestSpan][] => {
    const first = grants[index]!;
    return excludes(first, second) && isRight(first, second) ? [[first, second]] : [];
  });
  return pairs.length > 0 ? random.pick(pairs) : undefined;
}

const release: Mutation = (history, random) => {
  const pair = pickPair(history, random);
  if (!pair) return undefined;
  const [first, second] = pair;
  const lateMs = (second.answeredMs + second.endMs) / 2;
  return edit(history, first.request, (event) => {
    if (event.kind === 'released') return { ...event, atMs: lateMs };
    return event.kind === 'freed' ? { ...event, atMs: lateMs + 1 } : event;
  });
};

const earlyGrant: Mutation = (history, random) => {
  const pair = pickPair(history, random, (first, second) => second.askedMs < first.endMs);
  if (!pair) return undefined;
  const [first, second] = pair;
  const earlyMs = (Math.max(second.askedMs, first.answeredMs) + first.endMs) / 2;
  return edit(history, second.request, (event) =>
    event.kind === 'granted' ? { ...event, atMs: earlyMs } : event,
  );
};

const swappedTokens: Mutation = (history, random) => {
  const pair = pickPair(history, random);
  if (!pair) return undefined;
  const [first, second] = pair;
  const give = (token: number) => (event: LockEvent) =>
    event.kind === 'granted' ? { ...event, token } : event;
  return edit(edit(history, first.request, give(second.token)), second.request, give(first.token));
};

const repeatedToken: Mutation = (history, random) => {
  const grants = grantsOf(history);
  const last = grants.pop()!;
  const { token } = random.pick(grants);
  return edit(history, last.request, (event) => (event.kind === 'granted' ? { ...event, token } : event));
};

const wrongOrder: Mutation = (history, random) => {
  const pair = pickPair(
    history,
    random,
    (first, second) =>
      first.weight === second.weight && first.queuedMs < second.askedMs && second.askedMs < first.answeredMs,
  );
  if (!pair) return undefined;
  const [first, second] = pair.map((one) => one.request);
  // From the grant on, each lives the other's life.
  return history.map((event) => {
    if (event.kind === 'asked' || event.kind === 'queued') return event;
    if (event.request === first) return { ...event, request: second! };
    return event.request === second ? { ...event, request: first! } : event;
  });
};

const idleLock: Mutation = (history, random) => {
  const grants = grantsOf(history);
  const isAlone = (hold: RequestSpan): boolean =>
    grants.every((one) => one === hold || one.endMs <= hold.endMs || one.answeredMs > hold.endMs);
  const pair = pickPair(history, random, (first, second) => second.askedMs < first.endMs && isAlone(first));
  if (!pair) return undefined;
  const handOffMs = pair[0].endMs;
  return history.map((event) => (event.atMs > handOffMs ? { ...event, atMs: event.atMs + 50 } : event));
};

const stranger = (atMs: number, capacity: number): LockEvent => ({
  kind: 'asked',
  request: 1e6,
  atMs,
  client: 'x',
  key: 'k',
  waits: false,
  weight: capacity,
  capacity,
});

const refusedWhileFree: Mutation = (history) => {
  const endMs = Math.max(...history.map((event) => event.atMs));
  const { capacity } = grantsOf(history)[0]!;
  return [...history, stranger(endMs + 1, capacity), { kind: 'busy', request: 1e6, atMs: endMs + 2 }];
};

const grantedWhileHeld: Mutation = (history, random) => {
  const { answeredMs, endMs, capacity, token } = random.pick(grantsOf(history));
  const askedMs = answeredMs + (endMs - answeredMs) / 3;
  const granted = { kind: 'granted', request: 1e6, owner: 'x', token: token + 1 } as const;
  return [...history, stranger(askedMs, capacity), { ...granted, atMs: (askedMs + endMs) / 2 }];
};

const MUTATIONS: [string, Violation['kind'], Mutation][] = [
  ['a release comes after the next grant', 'overlap', release],
  ['a grant comes before the last release', 'overlap', earlyGrant],
  ['two tokens are swapped', 'token', swappedTokens],
  ['a token is used twice', 'token', repeatedToken],
  ['two waiters are served in the wrong order', 'overtaking', wrongOrder],
  ['the lock stands free while one waits', 'idle', idleLock],
  ['a free lock is refused', 'order', refusedWhileFree],
  ['an attempt gets in beside a holder', 'order', grantedWhileHeld],
];

describe.each(KINDS)('generated histories of $name', ({ capacity, weights }) => {
  const generate = (seed: number, attempts: number): LockEvent[] =>
    generateHistory({ seed, clients: 6, requests: 40, capacity, weights, attempts });

  it('are found good', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        expect(checkHistory(generate(seed, 0.3), ALL)).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it.each(MUTATIONS)('are found bad when %s', (_, kind, mutate) => {
    let mutated = 0;
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const history = mutate(generate(seed, kind === 'order' ? 0.3 : 0), seededRandom(seed));
        if (!history) return;
        mutated++;
        expect(checkHistory(history, ALL).map((violation) => violation.kind)).toContain(kind);
      }),
      { numRuns: 40 },
    );
    expect(mutated).toBeGreaterThan(5);
  });
});
