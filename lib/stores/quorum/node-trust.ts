/**
 * Whether a node may be counted when a lock is granted: it may have come back without the grants it made.
 *
 *   new ──first answer──► counts
 *   new, counts ──a connection or a command failed──► away
 *   away ──answers, in the life that is known of it──► counts
 *   away ──answers otherwise──► rests ──restartDelay──► counts
 *
 * One for each store of a quorum, shared by all sessions on it.
 */
export class NodeTrust {
  /** Another one after each failure: what was learned before it is worth nothing. */
  absences = 0;
  /** Another one after each return that may have been empty: what was granted before it may be forgotten. */
  lives = 0;
  private isAwayNow = false;
  private restsUntilMs = -Infinity;
  private life: string | undefined;

  get isAway(): boolean {
    return this.isAwayNow;
  }

  counts(nowMs: number): boolean {
    return !this.isAwayNow && nowMs >= this.restsUntilMs;
  }

  leave(): void {
    this.absences++;
    this.isAwayNow = true;
  }

  /** It answers; `life` is what it says of itself, if anything. */
  comeBack(life: string | undefined, untilMs: number): void {
    const isSame = life !== undefined && life === this.life;
    if (this.isAwayNow && !isSame) {
      this.lives++;
      this.restsUntilMs = untilMs;
    }
    this.isAwayNow = false;
    this.life = life;
  }
}
