import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import { freePort } from './free-port.js';
import type { Launched } from './launched.js';
import { initMariadb, launchMariadb, type MariadbPlace } from './mariadb-launcher.js';
import { until } from './until.js';

export interface MariadbServerOptions {
  /** Of its configuration. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** The database that the tests use. */
const DATABASE = 'locks';

/**
 * A MariaDB server of the test's own, on a free loopback port, its data in a temporary folder.
 *
 *   start() ──► running ──kill()──► down ──restart()──► running          stop() from anywhere: process and folder are gone
 *   running ──pause()──► stopped (SIGSTOP) ──resume()──► running
 */
export class MariadbServer {
  private ownAdmin: mysql.Pool | undefined;

  private constructor(
    private readonly options: MariadbServerOptions,
    private readonly place: MariadbPlace,
    private launched: Launched,
  ) {}

  static async start(options: MariadbServerOptions = {}): Promise<MariadbServer> {
    for (let attempt = 1; ; attempt++) {
      const place = {
        folder: await mkdtemp(join(tmpdir(), 'lock-test-mariadb-')),
        port: await freePort(),
      };
      initMariadb(place);
      const server = new MariadbServer(options, place, launchMariadb(place, options.settings ?? {}));
      if (await server.answers()) return server;
      await server.stop();
      // Somebody else took the port in between.
      if (attempt === 5) throw new Error(`mariadbd did not start on port ${place.port}.`);
    }
  }

  get port(): number {
    return this.place.port;
  }

  get url(): string {
    return this.urlOf('root');
  }

  /** As another user of the server, or of another database. */
  urlOf(user: string, password?: string, database = DATABASE): string {
    const secret = password === undefined ? '' : `:${encodeURIComponent(password)}`;
    return `mysql://${user}${secret}@127.0.0.1:${this.port}/${database}`;
  }

  /** The test's own eyes on the server; made at the first use, closed with the server. */
  get admin(): mysql.Pool {
    this.ownAdmin ??= mysql.createPool({ uri: this.url, connectionLimit: 4 });
    return this.ownAdmin;
  }

  /** The first column of what a statement answers. */
  async column(sql: string, values: unknown[] = []): Promise<unknown[]> {
    const [rows] = await this.admin.query<mysql.RowDataPacket[][]>({ sql, values, rowsAsArray: true });
    return rows.map(([first]) => first);
  }

  /** SIGKILL. */
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
    await until('mariadbd starts again', async () => {
      this.launched = launchMariadb(this.place, this.options.settings ?? {});
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
    return until('mariadbd answers', async () => {
      if (this.launched.hasEnded) return 'ended';
      try {
        const probe = await mysql.createConnection({ host: '127.0.0.1', port: this.port, user: 'root' });
        await probe.query(`CREATE DATABASE IF NOT EXISTS ${DATABASE}`);
        await probe.end();
        return 'up';
      } catch {
        return undefined;
      }
    }).then((state) => state === 'up');
  }
}
