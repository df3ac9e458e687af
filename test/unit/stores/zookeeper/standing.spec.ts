import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MODE_CAPACITY } from '../../../../lib/line/store.js';
import { type Claim, prefixOf } from '../../../../lib/stores/zookeeper/names.js';
import {
  ForeignNode,
  holdersIn,
  lineOf,
  standingIfJoined,
  standingOf,
} from '../../../../lib/stores/zookeeper/standing.js';
import { randomId } from '../../../../lib/util/random.js';

const WRITER = { capacity: MODE_CAPACITY, weight: MODE_CAPACITY };
const READER = { capacity: MODE_CAPACITY, weight: 1 };
const permits = (weight: number, capacity: number): Omit<Claim, 'owner'> => ({ capacity, weight });

let sequence = 0;
const nameOf = (claim: Omit<Claim, 'owner'>, at = sequence++): string =>
  `${prefixOf({ owner: randomId(), ...claim })}${String(at).padStart(10, '0')}`;
const namesOf = (...claims: Omit<Claim, 'owner'>[]): string[] => claims.map((claim) => nameOf(claim));

/** For whom each waits, by places in the line; a holder for nobody. */
function waitsIn(...claims: Omit<Claim, 'owner'>[]): unknown[] {
  const names = namesOf(...claims);
  const line = lineOf(names.toReversed());
  return names.map((name) => {
    const standing = standingOf(line, name);
    return standing.kind === 'waits' ? standing.behind.map((one) => names.indexOf(one)) : standing.kind;
  });
}

describe('a line of writers', () => {
  it('is held by the first, and each waits for the one before it', () => {
    expect(waitsIn(WRITER, WRITER, WRITER)).toEqual(['holds', [0], [1]]);
  });

  it('is in the order in which the server made the nodes, whatever the order of the list', () => {
    const names = [9, 10, 2].map((at) => nameOf(WRITER, at));
    expect(lineOf(names).map((place) => place.sequence)).toEqual([2, 9, 10]);
  });
});

describe('a line of readers and writers', () => {
  it('is held by the readers at its front', () => {
    expect(waitsIn(READER, READER, WRITER)).toEqual(['holds', 'holds', [1]]);
  });

  it('has readers wait for the nearest writer before them, so that one release wakes all of its batch', () => {
    expect(waitsIn(WRITER, READER, READER, WRITER, READER)).toEqual(['holds', [0], [0], [2], [3]]);
  });
});

describe('a line for permits', () => {
  it('is held as far as they go', () => {
    expect(waitsIn(permits(2, 5), permits(2, 5), permits(1, 5), permits(1, 5))).toEqual([
      'holds',
      'holds',
      'holds',
      [0, 1, 2],
    ]);
  });

  it('lets nobody pass one that wants more than is free', () => {
    expect(waitsIn(permits(2, 5), permits(4, 5), permits(1, 5))).toEqual(['holds', [0], [1]]);
  });
});

describe('a request with another capacity', () => {
  it('is told which one is in use', () => {
    const names = namesOf(permits(1, 3), WRITER);
    expect(standingOf(lineOf(names), names[1]!)).toEqual({ kind: 'conflict', capacity: 3 });
  });

  it('lets nobody pass until it has withdrawn: it may be the first by the time it looks', () => {
    expect(waitsIn(permits(1, 3), WRITER, permits(1, 3))).toEqual(['holds', 'conflict', [1]]);
    const [, withdrawing, later] = namesOf(permits(1, 3), WRITER, permits(1, 3));
    expect(standingOf(lineOf([withdrawing!, later!]), withdrawing!).kind).toBe('holds');
    expect(standingOf(lineOf([withdrawing!, later!]), later!).kind).toBe('conflict');
  });

  it('is waited for by readers', () => {
    expect(waitsIn(READER, permits(1, 3), READER, READER)).toEqual(['holds', 'conflict', [1], [1]]);
  });
});

describe('a request that would join', () => {
  const wouldBe = (claim: Omit<Claim, 'owner'>, ...others: Omit<Claim, 'owner'>[]): string =>
    standingIfJoined(lineOf(namesOf(...others)), { owner: randomId(), ...claim }).kind;

  it('holds where it fits behind everybody', () => {
    expect(wouldBe(WRITER)).toBe('holds');
    expect(wouldBe(READER, READER)).toBe('holds');
    expect(wouldBe(permits(2, 5), permits(3, 5))).toBe('holds');
  });

  it('does not where somebody waits, or too little is free', () => {
    expect(wouldBe(READER, READER, WRITER)).toBe('waits');
    expect(wouldBe(permits(3, 5), permits(3, 5))).toBe('waits');
    expect(wouldBe(WRITER, permits(3, 5))).toBe('conflict');
  });
});

describe('a node that is not there', () => {
  it('is absent', () => {
    expect(standingOf(lineOf(namesOf(WRITER)), nameOf(WRITER)).kind).toBe('absent');
    expect(standingOf([], nameOf(WRITER)).kind).toBe('absent');
  });
});

describe('a node of a stranger', () => {
  it.each(['hello', '2-0123', `1-${'0'.repeat(32)}-x-0`, `1-${'0'.repeat(32)}-y-0000000001`])(
    'stops everybody who looks: %s',
    (name) => {
      expect(() => lineOf([...namesOf(WRITER), name])).toThrow(ForeignNode);
    },
  );
});

describe('any line', () => {
  const claims = fc.array(
    fc.oneof(
      fc.constant(WRITER),
      fc.constant(READER),
      fc.integer({ min: 1, max: 3 }).map((weight) => permits(weight, 3)),
    ),
    { maxLength: 12 },
  );

  it('is held by the longest prefix that fits, and its waiters wait for nodes before them only', () => {
    fc.assert(
      fc.property(claims, (all) => {
        const names = namesOf(...all);
        const line = lineOf(names);
        const holders = line.slice(0, holdersIn(line));
        const sum = (places: readonly Claim[]): number =>
          places.reduce((held, { weight }) => held + weight, 0);
        const next = line[holders.length];
        expect(sum(holders)).toBeLessThanOrEqual(line[0]?.capacity ?? 0);
        const nextFits =
          next !== undefined &&
          next.capacity === line[0]!.capacity &&
          sum([...holders, next]) <= next.capacity;
        expect(nextFits).toBe(false);
        for (const [index, name] of names.entries()) {
          const standing = standingOf(line, name);
          if (standing.kind !== 'waits') continue;
          const behind = standing.behind.map((one) => names.indexOf(one));
          expect(behind.length).toBeGreaterThan(0);
          expect(behind.every((one) => one >= 0 && one < index)).toBe(true);
        }
      }),
    );
  });

  it('goes on to the end, whoever leaves, when only those look whose nodes ahead changed', () => {
    fc.assert(
      fc.property(claims, fc.infiniteStream(fc.nat()), (all, choices) => {
        let names = namesOf(...all);
        const watched = new Map<string, readonly string[]>();
        const holding = new Set<string>();
        const look = (name: string): void => {
          const standing = standingOf(lineOf(names), name);
          watched.delete(name);
          if (standing.kind === 'conflict') leave(name);
          else if (standing.kind === 'waits') watched.set(name, standing.behind);
          else if (standing.kind === 'holds' && !holding.has(name)) {
            holding.add(name);
            if (standing.isFollowed) changed(name);
          }
        };
        const changed = (name: string): void => {
          const told = [...watched].filter(([, behind]) => behind.includes(name));
          for (const [waiter] of told) look(waiter);
        };
        const leave = (name: string): void => {
          names = names.filter((one) => one !== name);
          holding.delete(name);
          watched.delete(name);
          changed(name);
        };
        names.toSorted().forEach(look);
        while (names.length > 0) {
          const line = lineOf(names);
          // Everybody whom arithmetic lets in has learned it.
          expect([...holding].toSorted()).toEqual(
            line
              .slice(0, holdersIn(line))
              .map(({ name }) => name)
              .toSorted(),
          );
          const inside = [...holding];
          leave(inside[choices.next().value! % inside.length]!);
        }
      }),
      { numRuns: 300 },
    );
  });
});
