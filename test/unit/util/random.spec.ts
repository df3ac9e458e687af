import { describe, expect, it } from '@jest/globals';
import { randomId, RandomIds, systemRandom } from '../../../lib/util/random.js';

describe('chance', () => {
  it.each([
    ['one by one', randomId],
    ['from a stock that is used up again and again', drawsFrom(new RandomIds())],
  ])('makes ids of 128 bits that do not meet, %s', (_, draw) => {
    const ids = Array.from({ length: 1_000 }, draw);
    expect(new Set(ids).size).toBe(1_000);
    expect(ids.every((id) => /^[0-9a-f]{32}$/.test(id))).toBe(true);
  });

  it('draws from 0 up to, not including, 1, and not always the same', () => {
    const drawn = Array.from({ length: 1_000 }, systemRandom);
    expect(drawn.every((one) => one >= 0 && one < 1)).toBe(true);
    expect(new Set(drawn).size).toBeGreaterThan(990);
  });
});

function drawsFrom(ids: RandomIds): () => string {
  return () => ids.next();
}
