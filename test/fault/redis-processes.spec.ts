import { describe, expect, it } from '@jest/globals';
import { until } from '../support/until.js';
import { forgetfulRedis, redis } from './back-ends.js';
import { describeProcesses } from './process-scenarios.js';
import { ProcessStage } from './process-stage.js';

describeProcesses(redis);

describe('processes that share a Redis without persistence', () => {
  const stage = ProcessStage.of(forgetfulRedis);

  it('are told that they hold no more when it has forgotten everything, and who waits is granted', async () => {
    const [a, b] = await stage.clients(2);
    const key = stage.newKey();
    const before = await a!.acquire(key);
    const waiting = b!.acquire(key);
    await stage.untilWaiting(key, 1);
    await stage.server.restart();
    await until('the holder was told', () => a!.hasLost(key));
    expect((await waiting).token).toBeGreaterThan(before.token);
    expect(await b!.ask('state', key)).toEqual({ isHeld: true, isTold: false });
  });
});
