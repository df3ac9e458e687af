import { describe, expect, it } from '@jest/globals';
import { until } from '../support/until.js';
import { redis } from './back-ends.js';
import { describeNetwork } from './network-scenarios.js';
import { NetworkStage } from './network-stage.js';

describeNetwork(redis);

describe('a session over Redis behind a bad wire', () => {
  const stage = NetworkStage.of(redis);

  it('notices that its subscription has become dumb, though nothing is said on it', async () => {
    const session = await stage.badSession(1_000);
    stage.proxy.swallow('toServer', 'toClient');
    await stage.control(200);
    await until('the old connections are given up', async () => {
      const list = String(await stage.server.admin.client('LIST'));
      return !list.includes('sub=1');
    });
    stage.proxy.flow();
    await session.heard('all');
    expect(session.hints).toContainEqual({ kind: 'all' });
  });
});
