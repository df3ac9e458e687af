/** Of `performance.now()` against the system's clock: from the attempt in which the two were read closest together. */
const OFFSET_MS = closestOffset(1_000);

/** Milliseconds of the system's monotonic clock: the same in all processes of the machine, without an object each. */
export function monotonicMs(): number {
  return performance.now() + OFFSET_MS;
}

function closestOffset(attempts: number): number {
  let narrowest = Infinity;
  let offsetMs = 0;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const before = performance.now();
    const [seconds, nanoseconds] = process.hrtime();
    const after = performance.now();
    if (after - before >= narrowest) continue;
    narrowest = after - before;
    offsetMs = seconds * 1e3 + nanoseconds / 1e6 - (before + after) / 2;
  }
  return offsetMs;
}
