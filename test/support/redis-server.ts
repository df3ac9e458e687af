import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis, type RedisOptions } from 'ioredis';
import type { Certificates } from './certificates.js';
import { freePort } from './free-port.js';
import type { Launched } from './launched.js';
import { launchRedis } from './redis-launcher.js';
import { until } from './until.js';

type ClientOptions = Omit<RedisOptions, 'replyMapping'>;

export interface RedisServerOptions {
  readonly password?: string;
  /** In bytes; the server then answers -OOM instead of evicting. */
  readonly maxmemory?: number;
  /** Writes every command to disk, so that a restart finds the data. Default false: a restart forgets. */
  readonly keepsData?: boolean;
  /** Further options, as on the command line. */
  readonly args?: readonly string[];
  /** Speaks TLS with these, and nothing else. */
  readonly tls?: Certificates;
  /** Of a cluster's node: where the nodes talk to each other. */
  readonly busPort?: number;
}

/**
 * A Redis server of the test's own, on a free loopback port, its data in a temporary folder.
 *
 *   start() ──► running ──kill()──► down ──restart()──► running          stop() from anywhere: process and folder are gone
 *   running ──pause()──► stopped (SIGSTOP) ──resume()──► running
 */
export class RedisServer {
  private readonly clients: Redis[] = [];
  private ownAdmin: Redis | undefined;
  private isPaused = false;

  private constructor(
    private readonly options: RedisServerOptions,
    private readonly place: { readonly folder: string; readonly port: number },
    private launched: Launched,
  ) {}

  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    for (let attempt = 1; ; attempt++) {
      const folder = await mkdtemp(join(tmpdir(), 'lock-test-redis-'));
      const port = await freePort();
      const launched = launchRedis({ port, folder, options: argsOf(options, port) });
      const server = new RedisServer(options, { folder, port }, launched);
      if (await server.answers()) return server;
      await server.stop();
      // Somebody else took the port in between.
      if (attempt === 5) throw new Error(`redis-server did not start on port ${port}.`);
    }
  }

  get port(): number {
    return this.place.port;
  }

  get busPort(): number | undefined {
    return this.options.busPort;
  }

  /** False once it was killed, or while it stands still. */
  get isRunning(): boolean {
    return !this.launched.hasEnded && !this.isPaused;
  }

  get url(): string {
    const { password, tls } = this.options;
    return `${tls ? 'rediss' : 'redis'}://${password === undefined ? '' : `:${encodeURIComponent(password)}@`}127.0.0.1:${this.port}`;
  }

  /** The test's own eyes on the server; made at the first use, closed with the server. */
  get admin(): Redis {
    this.ownAdmin ??= this.client();
    return this.ownAdmin;
  }

  /** A further connection, closed with the server. */
  client(options: ClientOptions = {}): Redis {
    const defaults: ClientOptions = {
      maxRetriesPerRequest: null,
      retryStrategy: () => 20,
      disconnectTimeout: 0,
    };
    const client = new Redis(this.url, { ...defaults, ...this.trust, ...options });
    client.on('error', () => undefined);
    this.clients.push(client);
    return client;
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    this.isPaused = false;
    await this.launched.kill();
  }

  pause(): void {
    this.isPaused = true;
    this.launched.pause();
  }

  resume(): void {
    this.isPaused = false;
    this.launched.resume();
  }

  /** Again on the same port; with its data where it `keepsData`, else empty. */
  async restart(): Promise<void> {
    if (!this.launched.hasEnded) await this.kill();
    this.launched = launchRedis({ ...this.place, options: argsOf(this.options, this.port) });
    if (!(await this.answers())) throw new Error(`redis-server did not start again on port ${this.port}.`);
  }

  async stop(): Promise<void> {
    for (const client of this.clients) client.disconnect();
    await this.launched.kill();
    await rm(this.place.folder, { recursive: true, force: true });
  }

  private get trust(): ClientOptions {
    const { tls } = this.options;
    return tls ? { tls: { ca: tls.ca } } : {};
  }

  /** False where the process ended instead. */
  private async answers(): Promise<boolean> {
    const probe = new Redis(this.url, {
      ...this.trust,
      lazyConnect: true,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
    });
    probe.on('error', () => undefined);
    try {
      return await until('redis-server answers', async () => {
        if (this.launched.hasEnded) return 'ended';
        if (probe.status === 'wait' || probe.status === 'end') await probe.connect().catch(() => undefined);
        return probe.status === 'ready' ? 'ready' : undefined;
      }).then((state) => state === 'ready');
    } finally {
      probe.disconnect();
    }
  }
}

function argsOf(options: RedisServerOptions, port: number): string[] {
  const { password, maxmemory, keepsData = false, args = [], tls } = options;
  return [
    ...(tls?.argsFor(port) ?? []),
    '--save',
    '',
    '--appendonly',
    keepsData ? 'yes' : 'no',
    '--appendfsync',
    'always',
    ...(password === undefined ? [] : ['--requirepass', password]),
    ...(maxmemory === undefined
      ? []
      : ['--maxmemory', String(maxmemory), '--maxmemory-policy', 'noeviction']),
    ...args,
  ];
}
