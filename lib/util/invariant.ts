/** States what must hold here; a failure is a bug of this package, never of its user. */
export function invariant(claim: boolean, what: string): asserts claim {
  if (!claim) throw new Error(`nestjs-distributed-lock: broken invariant: ${what}. Please report this.`);
}
