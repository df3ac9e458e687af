import type { Redis } from 'ioredis';
import { RedisServer } from '../../test/support/redis-server.js';
import { callsIn, type Calls, splitCalls, type Seen } from '../measure/redis-calls.js';
import type { Ground, ServerWork } from './ground.js';

/**
 * One Redis server, or several that know nothing of each other, in memory only.
 *
 * Redis counts what runs inside of scripts among the commands that clients sent. MONITOR tells them apart, but costs too
 * much to run beside a measurement: so it listens to the turn that warms up, and what it saw splits the counts of the
 * turns that are measured.
 */
export class RedisGround implements Ground {
  private readonly seen = new Map<string, Seen>();

  private constructor(
    readonly title: string,
    private readonly servers: readonly RedisServer[],
  ) {}

  static async start(count: number): Promise<RedisGround> {
    const servers = await Promise.all(Array.from({ length: count }, () => RedisServer.start()));
    const info = await servers[0]!.admin.info('server');
    const version = /^redis_version:(\S+)/m.exec(info)?.[1] ?? 'of unknown version';
    return new RedisGround(`${count === 1 ? '' : `${count} × `}Redis ${version}`, servers);
  }

  get urls(): readonly string[] {
    return this.servers.map(({ url }) => url);
  }

  async count(who: string, work: () => Promise<void>): Promise<ServerWork> {
    const before = await this.totals();
    await work();
    const after = await this.totals();
    const calls = Object.entries(after.calls).map(
      ([name, count]) => [name, count - (before.calls[name] ?? 0)] as const,
    );
    return {
      ...splitCalls(Object.fromEntries(calls), this.seen.get(who)),
      bytesIn: after.bytesIn - before.bytesIn,
      bytesOut: after.bytesOut - before.bytesOut,
      cpuMs: after.cpuMs - before.cpuMs,
    };
  }

  async learn(who: string, work: () => Promise<void>): Promise<void> {
    const seen: Seen = this.seen.get(who) ?? { sent: {}, inner: {} };
    this.seen.set(who, seen);
    const monitors = await Promise.all(this.servers.map(({ admin }) => monitor(admin, seen)));
    await work();
    for (const one of monitors) one.disconnect();
  }

  async keys(): Promise<number> {
    const sizes = await Promise.all(this.servers.map(({ admin }) => admin.dbsize()));
    return sizes.reduce((total, one) => total + one, 0);
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
  }

  private async totals(): Promise<{ calls: Calls; bytesIn: number; bytesOut: number; cpuMs: number }> {
    const infos = await Promise.all(
      this.servers.map(({ admin }) => admin.info('commandstats', 'stats', 'cpu')),
    );
    const sum = (name: string): number =>
      infos.reduce(
        (total, info) => total + Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1] ?? 0),
        0,
      );
    return {
      calls: callsIn(infos),
      bytesIn: sum('total_net_input_bytes'),
      bytesOut: sum('total_net_output_bytes'),
      cpuMs: (sum('used_cpu_user') + sum('used_cpu_sys')) * 1_000,
    };
  }
}

async function monitor(admin: Redis, seen: Seen): Promise<Redis> {
  const ears = await admin.monitor();
  ears.on('monitor', (_time: string, [name = '']: string[], source: string) => {
    const calls = source === 'lua' ? seen.inner : seen.sent;
    calls[name.toLowerCase()] = (calls[name.toLowerCase()] ?? 0) + 1;
  });
  return ears;
}
