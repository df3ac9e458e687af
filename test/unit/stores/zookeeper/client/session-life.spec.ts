import { describe, expect, it } from '@jest/globals';
import { SessionLife } from '../../../../../lib/stores/zookeeper/client/session-life.js';

/** A session of 1000 ms: half a tick is 250 ms at most. */
function opened(atMs: number): SessionLife {
  const life = new SessionLife();
  life.opened(atMs, 1_000);
  return life;
}

describe('the life of a session', () => {
  it('is over before there is one', () => {
    expect(new SessionLife().aliveUntilMs).toBe(-Infinity);
  });

  it('begins when its opening was sent', () => {
    expect(opened(100).aliveUntilMs).toBe(1_100);
  });

  it('is counted from the heartbeat before the one that was answered: the leader may not know of the last', () => {
    const life = opened(0);
    life.answered(250);
    expect(life.aliveUntilMs).toBe(1_000);
    life.answered(500);
    expect(life.aliveUntilMs).toBe(1_250);
    life.answered(750);
    expect(life.aliveUntilMs).toBe(1_500);
  });

  it('is counted from none that is younger than half a tick, however often somebody asks', () => {
    const life = opened(0);
    for (let sentMs = 1; sentMs <= 2_000; sentMs++) {
      life.answered(sentMs);
      const untilMs = life.aliveUntilMs;
      expect(untilMs).toBeLessThanOrEqual(Math.max(1_000, sentMs - 250 + 1_000));
      // Nor from one that is much older.
      expect(untilMs).toBeGreaterThan(sentMs - 350 + 1_000);
    }
  });

  it('begins anew on another connection, where the leader itself took it for alive', () => {
    const life = opened(0);
    life.answered(250);
    life.answered(500);
    life.opened(900, 2_000);
    expect(life.aliveUntilMs).toBe(2_900);
  });

  it('is over when it was ended, however long it might have been', () => {
    const life = opened(0);
    life.ended();
    expect(life.aliveUntilMs).toBe(-Infinity);
  });
});
