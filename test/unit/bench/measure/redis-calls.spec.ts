import { describe, expect, it } from '@jest/globals';
import { callsIn, splitCalls } from '../../../../bench/measure/redis-calls.js';

describe("the server's counts", () => {
  it('are those of all servers, subcommands under their command', () => {
    const one =
      '# Commandstats\r\ncmdstat_get:calls=3,usec=1\r\ncmdstat_client|setname:calls=1,usec=2\r\ncmdstat_client|id:calls=1,usec=2\r\n';
    expect(callsIn([one, 'cmdstat_get:calls=4,usec=1\r\n'])).toEqual({ get: 7, client: 2 });
  });

  it('tell what was sent from what ran inside of scripts, by what was seen', () => {
    const seen = { sent: { evalsha: 5 }, inner: { get: 5, del: 4 } };
    expect(splitCalls({ evalsha: 10, get: 10, del: 8 }, seen)).toEqual({ sent: 10, inner: 18 });
  });

  it('divide a name that was seen as both as it was then', () => {
    const seen = { sent: { set: 1 }, inner: { set: 3 } };
    expect(splitCalls({ set: 40 }, seen)).toEqual({ sent: 10, inner: 30 });
  });

  it('count what was never seen as sent, and the own questions of the benchmark as nothing', () => {
    expect(splitCalls({ subscribe: 2, info: 9, monitor: 1 })).toEqual({ sent: 2, inner: 0 });
  });
});
