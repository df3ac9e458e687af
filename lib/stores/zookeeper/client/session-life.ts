/**
 * Until when a session surely lives, as far as this side can know.
 *
 * The leader ends sessions; each server tells it twice a tick whom it heard from. So a heartbeat that a follower answered
 * by itself proves nothing: cut off from the leader, it answers on for several ticks while the leader gives the session
 * up. Heartbeats are therefore requests that the leader answers, and an answered one proves that the leader knows of
 * every sign of life that is older by half a tick: a quarter of the session at most, which lasts two ticks at least.
 *
 * @see https://zookeeper.apache.org/doc/r3.8.4/zookeeperAdmin.html (minSessionTimeout, syncLimit)
 */

/** Heartbeats in a session's time; two that follow each other are half a tick apart at least. */
export const HEARTBEATS = 4;

export class SessionLife {
  private signsMs: number[] = [];
  private lastingMs = 0;
  private knownMs = -Infinity;

  get aliveUntilMs(): number {
    return this.knownMs + this.lastingMs;
  }

  /** The leader itself has opened it, or taken it for alive. */
  opened(sentMs: number, negotiatedMs: number): void {
    this.lastingMs = negotiatedMs;
    this.knownMs = sentMs;
    this.signsMs = [sentMs];
  }

  ended(): void {
    this.knownMs = -Infinity;
  }

  /** The leader has answered a heartbeat. */
  answered(sentMs: number): void {
    const oldEnoughMs = sentMs - this.lastingMs / HEARTBEATS;
    const known = this.signsMs.filter((signMs) => signMs <= oldEnoughMs).at(-1);
    if (known !== undefined) {
      this.knownMs = Math.max(this.knownMs, known);
      this.signsMs = this.signsMs.filter((signMs) => signMs >= known);
    }
    // However often somebody asks, a few are enough.
    const apartMs = this.lastingMs / HEARTBEATS / 8;
    if (sentMs - this.signsMs.at(-1)! >= apartMs) this.signsMs.push(sentMs);
  }
}
