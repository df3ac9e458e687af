import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { Certificates } from './certificates.js';
import { freePort } from './free-port.js';
import type { Launched } from './launched.js';
import { launchRedis } from './redis-launcher.js';
import { RedisServer } from './redis-server.js';
import { until } from './until.js';

export interface RedisSentinelOptions {
  /** Default 2. */
  readonly replicas?: number;
  /** Further options of every server, as on the command line. */
  readonly args?: readonly string[];
  /** All speak TLS with these, the sentinels too, and nothing else. */
  readonly tls?: Certificates;
  /** What the sentinels, and they alone, ask for. */
  readonly sentinelPassword?: string;
}

const SENTINELS = 3;
/** A master that is silent for so long is replaced. */
const DOWN_AFTER_MS = 500;
const FAILOVER_TIMEOUT_MS = 3_000;

interface Watcher {
  readonly port: number;
  readonly folder: string;
  readonly launched: Launched;
  readonly eye: Redis;
}

/**
 * A master, its replicas and three sentinels over them, all on free loopback ports.
 *
 *   start() ──► settled ──kill or pause the master──► replaced() ──resume or restart it──► settled() as a replica
 */
export class RedisSentinel {
  readonly name = 'locks';
  private isFirstPaused = false;

  private constructor(
    readonly servers: readonly RedisServer[],
    private readonly watchers: readonly Watcher[],
  ) {}

  static async start(options: RedisSentinelOptions = {}): Promise<RedisSentinel> {
    const { replicas = 2, args = [], tls } = options;
    const quick = ['--repl-diskless-sync', 'yes', '--repl-diskless-sync-delay', '0', ...args];
    const start = (...further: string[]): Promise<RedisServer> =>
      RedisServer.start({ args: [...quick, ...secure(tls), ...further], ...(tls && { tls }) });
    const first = await start();
    const follow = ['--replicaof', '127.0.0.1', String(first.port)];
    const servers = [first, ...(await Promise.all(Array.from({ length: replicas }, () => start(...follow))))];
    const watchers = Array.from({ length: SENTINELS }, () => startWatcher(first.port, options));
    const all = new RedisSentinel(servers, await Promise.all(watchers));
    await all.settled();
    return all;
  }

  /** What a store is given. */
  get connection(): { sentinels: { host: string; port: number }[]; name: string } {
    const sentinels = this.watchers.map(({ port }) => ({ host: '127.0.0.1', port }));
    return { sentinels, name: this.name };
  }

  /** The server that the sentinels name. */
  async master(): Promise<RedisServer> {
    const named = await this.namedPort(this.awake()[0]!);
    return this.servers.find(({ port }) => port === named)!;
  }

  async replicas(): Promise<RedisServer[]> {
    const master = await this.master();
    return this.servers.filter((server) => server !== master);
  }

  /** Resolves when all sentinels name another master than this one, and it takes writes. */
  async replaced(old: RedisServer): Promise<RedisServer> {
    await until('the sentinels name another master', async () => {
      const named = await Promise.all(this.awake().map((watcher) => this.namedPort(watcher)));
      return named.every((port) => port !== old.port && port === named[0]);
    });
    const master = await this.master();
    await until('it is the master', async () => (await roleOf(master)) === 'master');
    return master;
  }

  /** The first of those that a store is given answers nobody from now on. */
  pauseFirstSentinel(): void {
    this.isFirstPaused = true;
    this.watchers[0]!.launched.pause();
  }

  resumeFirstSentinel(): void {
    this.isFirstPaused = false;
    this.watchers[0]!.launched.resume();
  }

  /** A fail-over by the sentinels' own hand, with everything in order. */
  async failover(): Promise<RedisServer> {
    const old = await this.master();
    await until('a sentinel begins', async () => {
      const answer = await this.watchers[0]!.eye.call('SENTINEL', 'FAILOVER', this.name).catch(String);
      return answer === 'OK';
    });
    return this.replaced(old);
  }

  /** Resolves when the sentinels know each other and all servers, and every replica follows the master. */
  async settled(): Promise<void> {
    await until('the sentinels know everybody', async () => {
      const views = await Promise.all(this.watchers.map(({ eye }) => this.viewOf(eye)));
      return views.every(
        ({ flags, sentinels, slaves }) =>
          flags === 'master' && sentinels === SENTINELS - 1 && slaves === this.servers.length - 1,
      );
    });
    await until('every replica follows', async () => {
      const text = await (await this.master()).admin.info('replication');
      return [...text.matchAll(/state=online/g)].length === this.servers.length - 1;
    });
  }

  async stop(): Promise<void> {
    for (const { eye } of this.watchers) eye.disconnect();
    await Promise.all(
      this.watchers.map(async ({ launched, folder }) => {
        await launched.kill();
        await rm(folder, { recursive: true, force: true });
      }),
    );
    await Promise.all(this.servers.map((server) => server.stop()));
  }

  private awake(): readonly Watcher[] {
    return this.watchers.slice(this.isFirstPaused ? 1 : 0);
  }

  private async namedPort({ eye }: Watcher): Promise<number> {
    const [, port] = (await eye.call('SENTINEL', 'get-master-addr-by-name', this.name)) as string[];
    return Number(port);
  }

  private async viewOf(eye: Redis): Promise<{ flags: string; sentinels: number; slaves: number }> {
    const fields = (await eye.call('SENTINEL', 'master', this.name)) as string[];
    const field = (name: string): string => fields[fields.indexOf(name) + 1]!;
    return {
      flags: field('flags'),
      sentinels: Number(field('num-other-sentinels')),
      slaves: Number(field('num-slaves')),
    };
  }
}

async function startWatcher(
  masterPort: number,
  { tls, sentinelPassword }: RedisSentinelOptions,
): Promise<Watcher> {
  const folder = await mkdtemp(join(tmpdir(), 'lock-test-sentinel-'));
  const port = await freePort();
  const lines = [
    `sentinel monitor locks 127.0.0.1 ${masterPort} 2`,
    `sentinel down-after-milliseconds locks ${DOWN_AFTER_MS}`,
    `sentinel failover-timeout locks ${FAILOVER_TIMEOUT_MS}`,
    'sentinel parallel-syncs locks 5',
    ...(sentinelPassword === undefined
      ? []
      : [`requirepass "${sentinelPassword}"`, `sentinel sentinel-pass "${sentinelPassword}"`]),
  ];
  await writeFile(join(folder, 'sentinel.conf'), `${lines.join('\n')}\n`);
  const options = [...(tls?.argsFor(port) ?? []), ...secure(tls)];
  const launched = launchRedis({ port, folder, options, sentinelFile: 'sentinel.conf' });
  const eye = new Redis(port, '127.0.0.1', {
    maxRetriesPerRequest: null,
    retryStrategy: () => 20,
    disconnectTimeout: 0,
    enableReadyCheck: false,
    protocol: 2,
    ...(tls && { tls: { ca: tls.ca } }),
    ...(sentinelPassword !== undefined && { password: sentinelPassword }),
  });
  eye.on('error', () => undefined);
  await until('the sentinel answers', () => eye.status === 'ready');
  return { port, folder, launched, eye };
}

/** Among themselves they speak it too. */
function secure(tls: Certificates | undefined): string[] {
  return tls ? ['--tls-replication', 'yes'] : [];
}

async function roleOf(server: RedisServer): Promise<string> {
  return ((await server.admin.call('ROLE')) as string[])[0]!;
}
