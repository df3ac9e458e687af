import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from './free-port.js';
import { type Launched, lifeOf } from './launched.js';
import { whoRunsIt } from './postgres-launcher.js';
import { reap } from './reaper.js';
import { until } from './until.js';

/** A pooler of transactions before a PostgreSQL server: each statement goes to whichever of its connections is free. */
export class Pgbouncer {
  private constructor(
    private readonly folder: string,
    private readonly port: number,
    private readonly launched: Launched,
  ) {}

  static async start(serverPort: number): Promise<Pgbouncer> {
    const binary = process.env['TEST_PGBOUNCER_BINARY'];
    if (!binary) throw new Error('No pooler to test against: install pgbouncer.');
    const folder = mkdtempSync(join(tmpdir(), 'lock-test-pgbouncer-'));
    const port = await freePort();
    const config = join(folder, 'pgbouncer.ini');
    writeFileSync(config, configOf(port, serverPort));
    chmodSync(folder, 0o755);
    const child = spawn(binary, ['-q', config], { stdio: 'ignore', cwd: folder, ...whoRunsIt() });
    child.on('error', () => undefined);
    child.unref();
    const signal = (name: NodeJS.Signals): void => void child.kill(name);
    const launched = {
      ...lifeOf(child, reap(child, folder), () => signal('SIGKILL')),
      pause: () => signal('SIGSTOP'),
      resume: () => signal('SIGCONT'),
    };
    const pooler = new Pgbouncer(folder, port, launched);
    await until('pgbouncer answers', () => pooler.answers());
    return pooler;
  }

  get url(): string {
    return `postgres://postgres@127.0.0.1:${this.port}/postgres`;
  }

  async stop(): Promise<void> {
    await this.launched.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async answers(): Promise<boolean> {
    if (this.launched.hasEnded) throw new Error('pgbouncer did not start.');
    const probe = new pg.Client({ connectionString: this.url });
    probe.on('error', () => undefined);
    const isUp = await probe
      .connect()
      .then(() => probe.query('SELECT 1'))
      .then(
        () => true,
        () => false,
      );
    await probe.end().catch(() => undefined);
    return isUp;
  }
}

function configOf(port: number, serverPort: number): string {
  return `[databases]
postgres = host=127.0.0.1 port=${serverPort} dbname=postgres user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 5
max_client_conn = 500
ignore_startup_parameters = extra_float_digits
`;
}
