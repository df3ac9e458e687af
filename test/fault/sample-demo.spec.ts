import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createClient } from '@libsql/client';
import { openHistory } from '../../sample-app/src/history/open-history.js';
import { RedisCluster } from '../support/redis-cluster.js';
import { RedisSentinel } from '../support/redis-sentinel.js';
import { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';
import { buildSample, type SampleBuild, type SampleRun } from './sample-build.js';

type Node = { host: string; port: number };

const SMALL = '--users 12 --duplicates 6 --concurrency 24 --seed 7'.split(' ');

/** The cells of a row of the table: without the lock, with it. */
const rowOf = (out: string, label: string): string[] =>
  out
    .split('\n')
    .find((line) => line.startsWith(label))
    ?.slice(label.length)
    .trim()
    .split(/ {2,}/) ?? [];

/** What a process tells of itself under /proc; nothing of one that has ended meanwhile. */
const told = (ask: () => string): string => {
  try {
    return ask();
  } catch {
    return '';
  }
};

/** Processes that were started from the folder or work in it: redis-server hides its command line. */
const processesIn = (folder: string): string[] =>
  readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .map((pid) =>
      told(() => `${readFileSync(`/proc/${pid}/cmdline`, 'utf8')} ${readlinkSync(`/proc/${pid}/cwd`)}`),
    )
    .filter((text) => text.includes(folder));

/** Where a program lies that was named as in a shell. */
const pathOf = (program: string): string =>
  execFileSync('/bin/sh', ['-c', 'command -v "$0"', program], { encoding: 'utf8' }).trim();

describe('the demo', () => {
  let sample: SampleBuild;
  let bin: string;
  let temp: string;
  const running: SampleRun[] = [];

  beforeAll(async () => {
    sample = await buildSample();
    temp = join(sample.folder, 'tmp');
    bin = join(sample.folder, 'bin');
    await mkdir(temp);
    await mkdir(bin);
    await symlink(pathOf(process.env['TEST_REDIS_BINARY'] ?? 'redis-server'), join(bin, 'redis-server'));
  });

  afterEach(async () => {
    for (const { child, ended } of running.splice(0)) {
      child.kill('SIGKILL');
      await ended;
    }
  });

  afterAll(() => sample.remove());

  const demo = (args: readonly string[], env: NodeJS.ProcessEnv = {}): SampleRun => {
    const run = sample.run('demo', args, { PATH: bin, TMPDIR: temp, ...env });
    running.push(run);
    return run;
  };

  const expectNothingLeft = (): void => {
    expect(readdirSync(temp)).toEqual([]);
    expect(processesIn(sample.folder)).toEqual([]);
  };

  it('loses votes without the lock and none with it, on a redis-server of its own, and leaves nothing', async () => {
    const { status, out, err } = await demo(SMALL).ended;
    expect(err).toBe('');
    expect(out).toContain(
      '3 instances, locks in a redis-server for the occasion, 12 voters × 6 votes (seed 7)',
    );
    expect(out).toContain('protected   100 % (72/72)');
    expect(rowOf(out, 'requests ')).toEqual(['72', '72']);
    expect(rowOf(out, 'voters')).toEqual(['12', '12']);
    const [lost, kept] = rowOf(out, 'duplicates').map(Number);
    expect(lost).toBeGreaterThan(0);
    expect(kept).toBe(0);
    expect(rowOf(out, 'votes in the database')).toEqual([String(12 + Number(lost)), '12']);
    expect(rowOf(out, 'failed requests')).toEqual(['0', '0']);
    expect(rowOf(out, 'replies ≠ database')).toEqual(['0', '0']);
    expect(rowOf(out, 'latency p50')).toEqual([
      expect.stringMatching(/^\d+\.\d ms$/),
      expect.stringMatching(/^\d+\.\d ms$/),
    ]);
    expect(rowOf(out, 'latency p99')).toHaveLength(2);
    expect(rowOf(out, 'hand-offs per second')).toEqual(['–', expect.stringMatching(/^[1-9]\d*$/)]);
    expect(out).toMatch(/^OK: each of 12 voters counts exactly once under the lock\.$/m);
    expect(status).toBe(0);
    expectNothingLeft();
  });

  it('uses the lock store of LOCK_URL and the history of DATABASE_FILE, and leaves both alone', async () => {
    const server = await RedisServer.start();
    try {
      const DATABASE_FILE = join(sample.folder, 'given.db');
      const { status, out } = await demo(SMALL, { LOCK_URL: server.url, DATABASE_FILE }).ended;
      expect(out).toContain('locks in LOCK_URL');
      expect(status).toBe(0);
      expect(await server.admin.info('commandstats')).toMatch(/cmdstat_evalsha/);
      const again = await demo(SMALL, { LOCK_URL: server.url, DATABASE_FILE }).ended;
      expect(again.status).toBe(0);
    } finally {
      await server.stop();
    }
    expectNothingLeft();
  });

  it('locks by sentinels, and in a cluster', async () => {
    const [trio, cluster] = await Promise.all([
      RedisSentinel.start({ replicas: 1 }),
      RedisCluster.start({ replicasEach: 0 }),
    ]);
    const hosts = ({ sentinels, nodes }: { sentinels?: Node[]; nodes?: Node[] }): string =>
      (sentinels ?? nodes ?? []).map(({ host, port }) => `${host}:${port}`).join();
    try {
      for (const url of [
        `redis+sentinel://${hosts(trio.connection)}/locks?waitReplicas=1`,
        `redis+cluster://${hosts(cluster.connection)}`,
      ]) {
        const { status, out } = await demo(SMALL, { LOCK_URL: url }).ended;
        expect([out, status]).toEqual([expect.stringContaining('counts exactly once under the lock'), 0]);
      }
    } finally {
      await Promise.all([trio.stop(), cluster.stop()]);
    }
  });

  it('fails where the lock does not lock: three processes, each with a memory of its own', async () => {
    const { status, out } = await demo(SMALL, { LOCK_URL: 'memory:' }).ended;
    expect(Number(rowOf(out, 'duplicates')[1])).toBeGreaterThan(0);
    expect(out).toMatch(/^FAILED: the protected run has \d+ duplicate votes/m);
    expect(out).not.toContain('OK:');
    expect(status).toBe(1);
    expectNothingLeft();
  });

  it('fails where the unprotected run lost no race: it then has shown nothing', async () => {
    const DATABASE_FILE = join(sample.folder, 'unique.db');
    const history = await openHistory({ kind: 'file', path: DATABASE_FILE, isDefault: false });
    const database = createClient({ url: `file:${DATABASE_FILE}` });
    await database.execute('CREATE UNIQUE INDEX one_vote ON vote_history (vote_seq, user_seq)');
    database.close();
    await history.onApplicationShutdown();
    const { status, out } = await demo(SMALL, { DATABASE_FILE }).ended;
    expect(rowOf(out, 'duplicates')).toEqual(['0', '0']);
    expect(out).toMatch(/^FAILED: the unprotected run lost no race/m);
    expect(status).toBe(1);
    expectNothingLeft();
  });

  it.each<NodeJS.Signals>(['SIGINT', 'SIGTERM'])(
    'leaves nothing when it is stopped by %s',
    async (signal) => {
      const run = demo(['--users', '2000', '--duplicates', '20', '--seed', '7']);
      await until('the storm has begun', () => run.out().includes('3 instances'));
      run.child.kill(signal);
      const { status, out, err } = await run.ended;
      expect(err).toBe(`Stopped by ${signal}.\n`);
      expect(out).not.toContain('OK:');
      expect(status).toBe(signal === 'SIGINT' ? 130 : 143);
      expectNothingLeft();
    },
  );

  it('says in one line what to install where there is no redis-server', async () => {
    const { status, err } = await demo(SMALL, { PATH: join(sample.folder, 'empty') }).ended;
    expect(err).toMatch(/^The demo needs a lock server and found no redis-server\. Install .*LOCK_URL=.*\n$/);
    expect(status).toBe(1);
    expectNothingLeft();
  });

  it('leaves nothing when an instance does not start', async () => {
    const { status, err } = await demo(SMALL, { LOCK_URL: 'redis://:hunter2@127.0.0.1:1' }).ended;
    expect(err).toMatch(/^Instance [abc] did not start\. .*\n$/);
    expect(err).not.toContain('hunter2');
    expect(status).toBe(1);
    expectNothingLeft();
  });

  it.each([[['--users', '0']], [['--nonsense']], [['--users', '7', '8']]])('refuses %j', async (args) => {
    const { status, out, err } = await demo(args).ended;
    expect(err).toMatch(/^.+\n$/);
    expect(out).toBe('');
    expect(status).toBe(1);
  });
});
