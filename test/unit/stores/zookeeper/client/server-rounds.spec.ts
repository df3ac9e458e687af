import { describe, expect, it } from '@jest/globals';
import { ServerRounds } from '../../../../../lib/stores/zookeeper/client/server-rounds.js';
import { Seeded } from '../../../../support/seeded.js';

const servers = ['a', 'b', 'c'].map((host) => ({ host, port: 2181 }));

function started(seed: number): ServerRounds {
  const seeded = new Seeded(seed);
  const rounds = new ServerRounds(servers, () => seeded.next());
  rounds.restart();
  return rounds;
}

const take = (rounds: ServerRounds, count: number) => Array.from({ length: count }, () => rounds.next());
const hostsOf = (taken: ReturnType<typeof take>) => taken.map(({ address }) => address.host).join('');

describe('the order of the servers', () => {
  it('has each of them once in a round', () => {
    const taken = take(started(1), 30);
    for (let at = 0; at < 30; at += 3) {
      expect(
        hostsOf(taken.slice(at, at + 3))
          .split('')
          .sort(),
      ).toEqual(['a', 'b', 'c']);
    }
  });

  it('is another for every client, and every order comes', () => {
    const orders = Array.from({ length: 200 }, (_, seed) => hostsOf(take(started(seed), 3)));
    expect(new Set(orders).size).toBe(6);
  });

  it('pauses between rounds only, longer each time, up to a second', () => {
    const pauses = take(started(3), 60).map(({ pauseMs }) => pauseMs);
    const between = pauses.filter((_, index) => index % 3 === 0);
    expect(pauses.filter((pauseMs, index) => index % 3 !== 0 && pauseMs !== 0)).toEqual([]);
    expect(between[0]).toBe(0);
    between.slice(1).forEach((pauseMs, index) => {
      const mostMs = Math.min(1_000, 25 * 2 ** index);
      expect(pauseMs).toBeGreaterThanOrEqual(mostMs / 2);
      expect(pauseMs).toBeLessThanOrEqual(mostMs);
    });
  });

  it('ends with the server whose connection was lost', () => {
    for (let seed = 0; seed < 50; seed++) {
      const rounds = started(seed);
      rounds.restart(servers[1]!);
      expect(hostsOf(take(rounds, 3)).at(2)).toBe('b');
    }
  });
});
