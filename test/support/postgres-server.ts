import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from './free-port.js';
import type { Launched } from './launched.js';
import { copyPostgres, initPostgres, launchPostgres, type PostgresPlace } from './postgres-launcher.js';
import { until } from './until.js';

export interface PostgresServerOptions {
  /** Of the superuser `postgres`; without one everybody is let in. */
  readonly password?: string;
  /** Of its configuration. */
  readonly settings?: Readonly<Record<string, string>>;
}

/**
 * A PostgreSQL server of the test's own, on a free loopback port, its data in a temporary folder.
 *
 *   start() ──► running ──kill()──► down ──restart()──► running          stop() from anywhere: process and folder are gone
 *   running ──pause()──► stopped (SIGSTOP) ──resume()──► running
 */
export class PostgresServer {
  private ownAdmin: pg.Pool | undefined;

  private constructor(
    private readonly options: PostgresServerOptions,
    private readonly place: PostgresPlace,
    private launched: Launched,
  ) {}

  static start(options: PostgresServerOptions = {}): Promise<PostgresServer> {
    return PostgresServer.launch(options, (place) => initPostgres(place, options.password));
  }

  /** @param prepare makes its data */
  private static async launch(
    options: PostgresServerOptions,
    prepare: (place: PostgresPlace) => void,
  ): Promise<PostgresServer> {
    for (let attempt = 1; ; attempt++) {
      const folder = await mkdtemp(join(tmpdir(), 'lock-test-postgres-'));
      await chmod(folder, 0o755);
      const place = { folder, port: await freePort() };
      prepare(place);
      const server = new PostgresServer(options, place, launchPostgres(place, options.settings ?? {}));
      if (await server.answers()) return server;
      await server.stop();
      // Somebody else took the port in between.
      if (attempt === 5) throw new Error(`postgres did not start on port ${place.port}.`);
    }
  }

  get port(): number {
    return this.place.port;
  }

  get url(): string {
    return this.urlOf('postgres', this.options.password);
  }

  /** As another user of the server, or of another database. */
  urlOf(user: string, password?: string, database = 'postgres'): string {
    const secret = password === undefined ? '' : `:${encodeURIComponent(password)}`;
    return `postgres://${user}${secret}@127.0.0.1:${this.port}/${database}`;
  }

  /** The test's own eyes on the server; made at the first use, closed with the server. */
  get admin(): pg.Pool {
    if (!this.ownAdmin) {
      this.ownAdmin = new pg.Pool({ connectionString: this.url, max: 4, application_name: 'test' });
      this.ownAdmin.on('error', () => undefined);
    }
    return this.ownAdmin;
  }

  /** The first column of what a statement answers. */
  async column(text: string, values: unknown[] = []): Promise<unknown[]> {
    const { rows } = await this.admin.query({ text, values, rowMode: 'array' });
    return rows.map(([first]: unknown[]) => first);
  }

  /** A hot standby that follows this server, until it is promoted; a server of its own, to be stopped like any other. */
  standby(): Promise<PostgresServer> {
    return PostgresServer.launch(this.options, (place) => copyPostgres(place, this.url));
  }

  /** Makes a standby a server that can be written to. */
  async promote(): Promise<void> {
    await this.admin.query('SELECT pg_promote(true, 60)');
  }

  /** SIGKILL, for it and all its connections. */
  async kill(): Promise<void> {
    await this.launched.kill();
  }

  pause(): void {
    this.launched.pause();
  }

  resume(): void {
    this.launched.resume();
  }

  /** Again on the same port, with its data. */
  async restart(): Promise<void> {
    if (!this.launched.hasEnded) await this.kill();
    await until('postgres starts again', async () => {
      this.launched = launchPostgres(this.place, this.options.settings ?? {});
      return this.answers();
    });
  }

  async stop(): Promise<void> {
    await this.ownAdmin?.end();
    await this.launched.kill();
    await rm(this.place.folder, { recursive: true, force: true });
  }

  /** False where the process ended instead. */
  private answers(): Promise<boolean> {
    return until('postgres answers', async () => {
      if (this.launched.hasEnded) return 'ended';
      const probe = new pg.Client({ connectionString: this.url });
      probe.on('error', () => undefined);
      const isUp = await probe.connect().then(
        () => true,
        () => false,
      );
      await probe.end().catch(() => undefined);
      return isUp ? 'up' : undefined;
    }).then((state) => state === 'up');
  }
}
