/** The value below which that share of the sample lies, by the nearest rank; NaN of nothing. */
export function quantile(sample: ArrayLike<number>, share: number): number {
  const sorted = Float64Array.from(sample).sort();
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}

/** The middle; of an even number the mean of the two in the middle. NaN of nothing. */
export function median(sample: ArrayLike<number>): number {
  const sorted = Float64Array.from(sample).sort();
  const half = sorted.length / 2;
  const upper = sorted[Math.floor(half)] ?? NaN;
  return Number.isInteger(half) ? ((sorted[half - 1] ?? NaN) + upper) / 2 : upper;
}

/**
 * Jain's index of fairness: (Σx)² ÷ (n · Σx²). 1 where all got the same, 1/n where one got everything.
 * @see R. Jain, D. Chiu, W. Hawe, A Quantitative Measure of Fairness, DEC-TR-301, 1984
 */
export function jain(shares: readonly number[]): number {
  const sum = shares.reduce((total, one) => total + one, 0);
  const squares = shares.reduce((total, one) => total + one * one, 0);
  return squares === 0 ? NaN : (sum * sum) / (shares.length * squares);
}
