import { describe, expect, it } from '@jest/globals';
import { assertHistory, checkHistory, type HistoryPromises } from '../../../lib/testing/history-checker.js';
import { type Happening, type LockEvent, recordHistory, spansByKey } from '../../../lib/testing/history.js';
import { manualClock } from '../../../lib/testing/manual-clock.js';

/** One request as a line of a table: moments that are left out did not happen. */
interface Row {
  readonly ask: number;
  readonly queued?: number;
  readonly granted?: number;
  readonly until?: number;
  readonly renewed?: readonly [atMs: number, untilMs: number];
  readonly lost?: number;
  readonly released?: number;
  readonly freed?: number;
  readonly timedOut?: number;
  readonly busy?: number;
  readonly unknown?: number;
  readonly token?: number;
  readonly owner?: string;
  readonly weight?: number;
  readonly capacity?: number;
  readonly key?: string;
}

function tell(rows: readonly Row[]): LockEvent[] {
  return rows.flatMap((given, request) => {
    const defaults = { weight: 1, capacity: 1, key: 'k', token: (request + 1) * 64, owner: `o${request}` };
    const row = { ...defaults, ...given };
    const { weight, capacity, key, owner, token, until } = row;
    const [renewedMs, untilMs = 0] = row.renewed ?? [];
    const event = (atMs: number | undefined, what: Happening): LockEvent[] =>
      atMs === undefined ? [] : [{ ...what, request, atMs } as LockEvent];
    const waits = row.busy === undefined;
    return [
      ...event(row.ask, { kind: 'asked', client: `c${request}`, key, capacity, weight, waits }),
      ...event(row.queued, { kind: 'queued' }),
      ...event(row.granted, { kind: 'granted', owner, token, untilMs: until }),
      ...event(renewedMs, { kind: 'renewed', untilMs }),
      ...event(row.lost, { kind: 'lost' }),
      ...event(row.released, { kind: 'released' }),
      ...event(row.freed, { kind: 'freed' }),
      ...event(row.timedOut, { kind: 'timedOut' }),
      ...event(row.busy, { kind: 'busy' }),
      ...event(row.unknown, { kind: 'unknown', untilMs: until }),
    ];
  });
}

const all: HistoryPromises = { idleMs: 100, isFair: true, isFaultless: true };
const found = (rows: readonly Row[], promises: HistoryPromises = {}): string[] =>
  checkHistory(tell(rows), promises).map(({ kind, requests }) => `${kind} ${requests.join('+')}`);

describe('a good history', () => {
  it.each<[string, Row[]]>([
    [
      'one hold after the other',
      [
        { ask: 0, granted: 1, released: 2, freed: 3 },
        { ask: 4, granted: 5, released: 6 },
      ],
    ],
    [
      'a hold that begins when the other is released',
      [
        { ask: 0, granted: 1, released: 5, freed: 6 },
        { ask: 2, granted: 5 },
      ],
    ],
    [
      'different keys at once',
      [
        { ask: 0, granted: 1, key: 'a' },
        { ask: 0, granted: 1, key: 'b', token: 64 },
      ],
    ],
    [
      'readers together',
      [
        { ask: 0, granted: 1, capacity: 9 },
        { ask: 0, granted: 2, capacity: 9 },
      ],
    ],
    [
      'readers that are answered in another order than granted',
      [
        { ask: 0, granted: 3, capacity: 9, token: 64 },
        { ask: 0, granted: 2, capacity: 9, token: 128 },
      ],
    ],
    [
      'another capacity after the key was idle',
      [
        { ask: 0, granted: 1, released: 2, freed: 2, capacity: 2 },
        { ask: 3, granted: 4, capacity: 5 },
      ],
    ],
    [
      'a waiter behind a holder',
      [
        { ask: 0, granted: 1 },
        { ask: 2, queued: 3, timedOut: 900 },
      ],
    ],
    [
      'small ones behind one that does not fit',
      [
        { ask: 0, granted: 1, capacity: 3, weight: 2 },
        { ask: 2, queued: 3, capacity: 3, weight: 2, timedOut: 900 },
        { ask: 4, queued: 5, capacity: 3, weight: 1, timedOut: 900 },
      ],
    ],
    [
      'an attempt that is refused while another holds',
      [
        { ask: 0, granted: 1, released: 9 },
        { ask: 2, busy: 3 },
      ],
    ],
    [
      'an attempt that is refused while another waits',
      [
        { ask: 0, timedOut: 9 },
        { ask: 2, busy: 3 },
      ],
    ],
  ])('shows nothing: %s', (_, rows) => {
    expect(found(rows, all)).toEqual([]);
  });

  it('shows nothing where local hand-offs use the tokens of one grant in order', () => {
    const first = { ask: 0, granted: 1, released: 2, freed: 2, owner: 'one', token: 64 };
    const second = { ask: 0, granted: 3, released: 4, freed: 4, owner: 'one', token: 65 };
    expect(found([first, second, { ask: 5, granted: 6, token: 128 }], all)).toEqual([]);
  });
});

describe('overlapping holds', () => {
  it.each<[string, Row[]]>([
    [
      'until the release',
      [
        { ask: 0, granted: 1, released: 5 },
        { ask: 2, granted: 4 },
      ],
    ],
    [
      'for ever',
      [
        { ask: 0, granted: 1 },
        { ask: 2, granted: 400 },
      ],
    ],
    [
      'until told lost',
      [
        { ask: 0, granted: 1, lost: 5, released: 9 },
        { ask: 2, granted: 4 },
      ],
    ],
    [
      'until the local deadline',
      [
        { ask: 0, granted: 1, until: 5 },
        { ask: 2, granted: 4 },
      ],
    ],
    [
      'until the deadline of the last renewal',
      [
        { ask: 0, granted: 1, until: 3, renewed: [2, 6] },
        { ask: 2, granted: 5 },
      ],
    ],
    [
      'of a reader and a writer',
      [
        { ask: 0, granted: 1, capacity: 9 },
        { ask: 0, granted: 2, capacity: 9, weight: 9 },
      ],
    ],
    [
      'of too much weight',
      [
        { ask: 0, granted: 1, capacity: 4, weight: 2 },
        { ask: 0, granted: 2, capacity: 4, weight: 3 },
      ],
    ],
    [
      'of different capacities',
      [
        { ask: 0, granted: 1, capacity: 4 },
        { ask: 0, granted: 2, capacity: 5 },
      ],
    ],
  ])('are found: %s', (_, rows) => {
    expect(found(rows)).toContain('overlap 0+1');
  });

  it.each<[string, Row[]]>([
    [
      'told lost',
      [
        { ask: 0, granted: 1, lost: 3, released: 9 },
        { ask: 2, granted: 4 },
      ],
    ],
    [
      'past the local deadline',
      [
        { ask: 0, granted: 1, until: 3, released: 9 },
        { ask: 2, granted: 4 },
      ],
    ],
    [
      'called release, which was answered late',
      [
        { ask: 0, granted: 1, released: 3, freed: 9 },
        { ask: 2, granted: 4 },
      ],
    ],
  ])('are none where the first was %s', (_, rows) => {
    expect(found(rows)).toEqual([]);
  });

  it('are found between any two of many', () => {
    const readers = Array.from({ length: 20 }, (_, index) => ({
      ask: 0,
      granted: index + 1,
      released: 40 - index,
      capacity: 99,
    }));
    expect(found([...readers, { ask: 0, granted: 41, capacity: 99, weight: 99 }])).toEqual([]);
    expect(found([...readers, { ask: 0, granted: 38.5, capacity: 99, weight: 99 }])).toEqual([
      'overlap 0+1+20',
    ]);
  });
});

describe('tokens', () => {
  const done = { released: 2, freed: 3 };

  it.each<[string, Row[], string]>([
    [
      'fell from one hold to the next',
      [
        { ask: 0, granted: 1, ...done, token: 128 },
        { ask: 4, granted: 5, token: 64 },
      ],
      'token 0+1',
    ],
    [
      'fell between readers one after the other',
      [
        { ask: 0, granted: 1, capacity: 9, token: 128 },
        { ask: 2, granted: 3, capacity: 9, token: 64 },
      ],
      'token 0+1',
    ],
    [
      'fell from reader to writer that waited with it',
      [
        { ask: 0, granted: 1, ...done, capacity: 9, token: 128 },
        { ask: 0, granted: 4, capacity: 9, weight: 9, token: 64 },
      ],
      'token 0+1',
    ],
    [
      'were the same',
      [
        { ask: 0, granted: 1, ...done, token: 64 },
        { ask: 0, granted: 5, token: 64 },
      ],
      'token 0+1',
    ],
    [
      'went back within one block',
      [
        { ask: 0, granted: 1, ...done, owner: 'one', token: 65 },
        { ask: 0, granted: 5, owner: 'one', token: 64 },
      ],
      'token 0+1',
    ],
    [
      'left the block',
      [
        { ask: 0, granted: 1, ...done, owner: 'one', token: 64 },
        { ask: 0, granted: 5, owner: 'one', token: 128 },
      ],
      'token 0+1',
    ],
    [
      'came from the middle of another block',
      [
        { ask: 0, granted: 1, ...done, owner: 'one', token: 64 },
        { ask: 0, granted: 4, released: 4, freed: 4, owner: 'two', token: 65 },
        { ask: 0, granted: 5, owner: 'one', token: 66 },
      ],
      'token 1+2',
    ],
  ])('that %s are found', (_, rows, expected) => {
    expect(found(rows)).toContain(expected);
  });
});

describe('a waiter that nobody wakes', () => {
  it('is found when it stands longer than the bound beside a free lock', () => {
    const rows = [
      { ask: 0, granted: 1, released: 10, freed: 11 },
      { ask: 2, queued: 3, granted: 111, released: 112 },
    ];
    expect(found(rows, { idleMs: 100 })).toEqual(['idle 1']);
    expect(found(rows, { idleMs: 102 })).toEqual([]);
  });

  it('is found when it gave up, and when the history ends before its answer', () => {
    const rows = [
      { ask: 0, granted: 1, released: 10 },
      { ask: 2, queued: 3, timedOut: 200 },
    ];
    expect(found(rows, { idleMs: 100 })).toEqual(['idle 1']);
    const open = [
      { ask: 0, granted: 1, released: 10 },
      { ask: 2, queued: 3 },
      { ask: 300, busy: 301, key: 'other' },
    ];
    expect(found(open, { idleMs: 100 })).toEqual(['idle 1']);
  });

  it('is found behind a holder beside which it fits', () => {
    const rows = [
      { ask: 0, granted: 1, capacity: 3 },
      { ask: 2, queued: 3, capacity: 3, weight: 2, timedOut: 200 },
    ];
    expect(found(rows, { idleMs: 100 })).toEqual(['idle 1']);
  });

  it('is found at the head though one that does not fit stands behind it', () => {
    const held = { ask: 0, granted: 1, capacity: 9 };
    const rows = [
      held,
      { ask: 2, queued: 3, capacity: 9, timedOut: 200 },
      { ask: 4, queued: 5, capacity: 9, weight: 9, timedOut: 200 },
    ];
    expect(found(rows, { idleMs: 100 })).toEqual(['idle 1']);
  });

  it('is none while a request of unknown outcome may hold', () => {
    const waiter = { ask: 2, queued: 3, timedOut: 200 };
    expect(found([{ ask: 0, unknown: 1 }, waiter], { idleMs: 100 })).toEqual([]);
    expect(found([{ ask: 0, unknown: 1, until: 20 }, waiter], { idleMs: 100 })).toEqual(['idle 1']);
  });

  it('is none where the lock is handed on within the bound, however many wait for long', () => {
    const rows = Array.from({ length: 9 }, (_, index) => ({
      ask: 0,
      queued: 1,
      granted: 10 + index * 90,
      released: 60 + index * 90,
      freed: 61 + index * 90,
    }));
    expect(found(rows, { idleMs: 100 })).toEqual([]);
  });
});

describe('overtaking', () => {
  it('is found where a later request is granted before one that stood in the line', () => {
    const first = { ask: 2, queued: 3, granted: 20, released: 21, token: 192 };
    const later = { ask: 4, queued: 5, granted: 10, released: 11, token: 128 };
    expect(found([{ ask: 0, granted: 1, released: 9 }, first, later], { isFair: true })).toEqual([
      'overtaking 1+2',
    ]);
    const isNotFair = found([{ ask: 0, granted: 1, released: 9 }, first, later]);
    expect(isNotFair).toEqual([]);
  });

  it('is found where the one in the line was never granted at all', () => {
    const rows = [
      { ask: 0, granted: 1, released: 9 },
      { ask: 2, queued: 3, timedOut: 50 },
      { ask: 4, granted: 10, token: 192 },
    ];
    expect(found(rows, { isFair: true })).toEqual(['overtaking 1+2']);
  });

  it('is found where a small one passes a big one that it would have fitted beside, but for the holders', () => {
    const held = { ask: 0, granted: 1, capacity: 3, weight: 2 };
    const big = { ask: 2, queued: 3, capacity: 3, weight: 2, timedOut: 50 };
    const small = { ask: 4, granted: 5, capacity: 3, token: 192 };
    expect(found([held, big, small], { isFair: true })).toEqual(['overtaking 1+2']);
  });

  it('is none before the place was acknowledged, after its end, or where both fit', () => {
    const held = { ask: 0, granted: 1, released: 9 };
    expect(
      found([held, { ask: 2, queued: 5, timedOut: 50 }, { ask: 4, granted: 10 }], { isFair: true }),
    ).toEqual([]);
    expect(
      found([held, { ask: 2, queued: 3, timedOut: 9 }, { ask: 4, granted: 10 }], { isFair: true }),
    ).toEqual([]);
    const reader = (more: Partial<Row>): Row => ({ ask: 2, capacity: 9, ...more });
    const readers = [
      reader({ queued: 3, granted: 11, token: 128 }),
      reader({ ask: 4, granted: 10, token: 192 }),
    ];
    expect(found([{ ...held, capacity: 9, weight: 9, token: 64 }, ...readers], { isFair: true })).toEqual([]);
  });

  it('is told from the server’s order where the answers came in another', () => {
    const rows = [
      { ask: 0, granted: 1, released: 9 },
      { ask: 2, queued: 3, granted: 11, until: 10, token: 128 },
      { ask: 4, granted: 10.5, token: 192 },
    ];
    expect(found(rows, { isFair: true })).not.toContain('overtaking 1+2');
  });
});

describe('the history itself', () => {
  it('is recorded on the clock, with a number for each request', () => {
    const clock = manualClock();
    const recorder = recordHistory(clock);
    const asked = { client: 'a', key: 'k', capacity: 1, weight: 1, waits: true };
    const first = recorder.asked(asked);
    clock.advance(5);
    const second = recorder.asked(asked);
    recorder.note(first, { kind: 'granted', owner: 'o', token: 64, untilMs: 20 });
    clock.advance(1);
    recorder.note(first, { kind: 'released' });
    const spans = spansByKey(recorder.events).get('k')!;
    expect(spans).toMatchObject([
      {
        request: first,
        askedMs: 0,
        answeredMs: 5,
        outcome: 'granted',
        endMs: 6,
        freedMs: Infinity,
        token: 64,
      },
      { request: second, askedMs: 5, answeredMs: Infinity, outcome: 'none' },
    ]);
  });

  it('may come in any order, and is refused where it cannot be true', () => {
    const events = tell([
      { ask: 0, granted: 1, released: 5 },
      { ask: 2, granted: 4 },
    ]);
    expect(checkHistory([...events].reverse())).toEqual(checkHistory(events));
    expect(() => checkHistory(events.slice(1))).toThrow(/request 0 is "granted" but was never asked/);
    expect(() => checkHistory([...events, events[1]!])).toThrow(/answered twice/);
  });

  it('is asserted with the first violations in words', () => {
    const events = tell([
      { ask: 0, granted: 1, released: 5 },
      { ask: 2, granted: 4 },
    ]);
    expect(() => assertHistory(events)).toThrow(
      /overlap on "k" at 4 ms: request 1 \(weight 1 of 1, token 128\) holds beside 0/,
    );
    expect(() => assertHistory(tell([{ ask: 0, granted: 1 }]))).not.toThrow();
  });
});
