import { describe, expect, it } from '@jest/globals';
import { changesBetween, lineOf } from '../../../lib/cli/changes.js';
import { type KeyReport, reportOf } from '../../../lib/cli/report.js';
import { spanOf, tableOf } from '../../../lib/cli/table.js';
import { MODE_CAPACITY } from '../../../lib/line/store.js';
import { memoryStore } from '../../../lib/stores/memory/index.js';

const OWNER = 'ab'.repeat(16);
const holder = { owner: OWNER, token: 1_764_000_000_123_456, weight: MODE_CAPACITY, restMs: 9_876.5 };
const telling = memoryStore();
const silent = { ...telling, tokensTellTime: false };

const report = (key: string, more: Partial<KeyReport> = {}): KeyReport => ({
  ...reportOf(telling, key, { capacity: MODE_CAPACITY, holders: [holder], waiters: 0 }),
  ...more,
});

describe('the report of a key', () => {
  it('says who holds it since when, where tokens tell', () => {
    expect(report('a').holders).toEqual([
      {
        owner: OWNER,
        fencingToken: 1_764_000_000_123_456,
        mode: 'exclusive',
        weight: 1,
        remainingMs: 9_877,
        since: '2025-11-24T16:00:00.123Z',
      },
    ]);
  });

  it('leaves out since when, where tokens do not tell', () => {
    const view = { capacity: MODE_CAPACITY, holders: [holder], waiters: 0 };
    expect(reportOf(silent, 'a', view).holders[0]).not.toHaveProperty('since');
  });

  it('counts the permits of a semaphore', () => {
    const view = { capacity: 5, holders: [{ ...holder, weight: 2 }], waiters: 3 };
    expect(reportOf(telling, 'a', view)).toMatchObject({ holders: [{ weight: 2, permits: 5 }], waiters: 3 });
  });
});

describe('the table', () => {
  it('has a row for each holder, in columns', () => {
    const shared = { ...report('b').holders[0]!, mode: 'shared' as const };
    const keys = [
      report('a', { waiters: 2 }),
      report('long:key', { holders: [shared, { ...shared, owner: '' }] }),
      report('c', { holders: [], waiters: 1 }),
    ];
    expect(tableOf(keys)).toBe(
      [
        `KEY       HELD       OWNER                             SINCE                     REST   TOKEN             WAITERS`,
        `a         exclusive  ${OWNER}  2025-11-24T16:00:00.123Z  9.9 s  1764000000123456  2`,
        `long:key  shared     ${OWNER}  2025-11-24T16:00:00.123Z  9.9 s  1764000000123456  0`,
        `          shared     (min hold time)                   2025-11-24T16:00:00.123Z  9.9 s  1764000000123456`,
        `c         -          -                                 -                         -      -                 1`,
        ``,
      ].join('\n'),
    );
  });

  it('keeps a hostile key on its line, in its column, and short', () => {
    const keys = [report('a\u001b[2J\n🔒'), report(`b${'x'.repeat(900)}`), report('c')];
    const lines = tableOf(keys).split('\n');
    expect(lines).toHaveLength(5);
    expect(lines[1]).toMatch(/^a\\u\{1b\}\[2J\\n🔒 +exclusive/);
    // The lock takes two places in the text, as it takes two columns.
    const places = lines.slice(0, 4).map((line) => line.search(/HELD|exclusive/));
    expect(places.map((place) => place - places[0]!)).toEqual([0, 0, 0, 0]);
    expect(lines[2]!.length).toBeLessThan(200);
    expect(tableOf(keys).replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  });

  it.each([
    [0, '0 ms'],
    [999.4, '999 ms'],
    [1_500, '1.5 s'],
    [100_000, '2 min'],
    [7_200_000, '2.0 h'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(spanOf(ms)).toBe(text);
  });
});

describe('what changed between two looks', () => {
  it('is told by key: who came, who went, how many wait', () => {
    const other = { ...report('a').holders[0]!, owner: 'cd'.repeat(16), fencingToken: 2 };
    const before = [report('a'), report('b', { waiters: 1 })];
    const after = [report('a', { holders: [other], waiters: 1 }), report('c', { holders: [], waiters: 1 })];
    expect(changesBetween(before, after).map(({ kind, key }) => `${kind} ${key}`)).toEqual([
      'ended a',
      'held a',
      'waiters a',
      'ended b',
      'waiters b',
      'waiters c',
    ]);
    expect(changesBetween(before, before)).toEqual([]);
  });

  it('is a line that a terminal does not act on', () => {
    const [held] = changesBetween([], [report('a\n\u001b')]);
    expect(lineOf(held!)).toBe(
      `held    "a\\n\\u{1b}" exclusive, owner ${OWNER}, token 1764000000123456, rest 9.9 s, since 2025-11-24T16:00:00.123Z`,
    );
    const [ended] = changesBetween([report('a')], []);
    expect(lineOf(ended!)).toBe(`ended   "a" exclusive, owner ${OWNER}, token 1764000000123456`);
    const waiters = report('a', { waiters: 4 });
    expect(lineOf(changesBetween([report('a')], [waiters])[0]!)).toBe('waiters "a" 4');
  });
});
