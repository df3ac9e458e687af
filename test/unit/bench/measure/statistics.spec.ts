import { describe, expect, it } from '@jest/globals';
import { jain, median, quantile } from '../../../../bench/measure/statistics.js';

describe('a quantile', () => {
  it('is the value of the nearest rank, in whatever order the sample is', () => {
    const sample = [50, 10, 40, 20, 30];
    expect([0, 0.2, 0.21, 0.5, 0.99, 1].map((share) => quantile(sample, share))).toEqual([
      10, 10, 20, 30, 50, 50,
    ]);
    expect(sample).toEqual([50, 10, 40, 20, 30]);
  });

  it('orders numbers as numbers', () => {
    expect(quantile([9, 100, 11], 1)).toBe(100);
  });

  it('of nothing is none', () => {
    expect(quantile([], 0.5)).toBeNaN();
  });
});

describe('the median', () => {
  it('is the one in the middle, or the mean of the two there', () => {
    expect(median([3, 100, 1])).toBe(3);
    expect(median(Float64Array.of(4, 1, 3, 100))).toBe(3.5);
    expect(median([])).toBeNaN();
  });
});

describe("Jain's index", () => {
  it('is 1 where all got the same, and 1/n where one got everything', () => {
    expect(jain([7, 7, 7, 7])).toBe(1);
    expect(jain([0, 9, 0, 0])).toBe(0.25);
  });

  it('is that of the paper for shares in between', () => {
    expect(jain([1, 2, 3])).toBeCloseTo(36 / (3 * 14), 12);
    expect(jain([0, 0])).toBeNaN();
  });
});
