import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';
import { buildSample, type SampleBuild, type SampleRun } from './sample-build.js';

describe('the voting API as a process', () => {
  let sample: SampleBuild;
  const running: SampleRun[] = [];

  beforeAll(async () => {
    sample = await buildSample();
  });

  afterEach(async () => {
    for (const { child, ended } of running.splice(0)) {
      child.kill('SIGKILL');
      await ended;
    }
  });

  afterAll(() => sample.remove());

  const start = (env: NodeJS.ProcessEnv = {}): SampleRun => {
    const run = sample.run('main', [], { PORT: '0', TMPDIR: sample.folder, ...env });
    running.push(run);
    return run;
  };

  const urlOf = ({ out, err, child }: SampleRun): Promise<string> =>
    until('it listens', () => {
      if (child.exitCode !== null) throw new Error(`It ended: ${err()}`);
      return /listens on (http:\S+)/.exec(out())?.[1] ?? '';
    });

  const vote = async (url: string, userSeq: number): Promise<Record<string, unknown>> => {
    const response = await fetch(`${url}/votes`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ userSeq, voteSeq: 1 }),
    });
    return (await response.json()) as Record<string, unknown>;
  };

  it('starts without any variable and prints a line to try, which works', async () => {
    const run = start();
    const url = await urlOf(run);
    expect(run.out()).toContain(
      `curl -X POST ${url}/votes -H 'content-type: application/json' -d '{"userSeq":7,"voteSeq":1}'`,
    );
    expect(await vote(url, 7)).toMatchObject({ result: 'voted', instance: `pid-${run.child.pid}` });
  });

  it('is what npm runs, in place of its shell, which would keep a SIGTERM to itself', async () => {
    const text = await readFile(join(import.meta.dirname, '../../package.json'), 'utf8');
    const { scripts } = JSON.parse(text) as { scripts: Record<string, string> };
    expect(scripts['start']).toBe('exec node dist-sample/sample-app/src/main.js');
    expect(scripts['demo']).toBe('exec node dist-sample/sample-app/src/demo.js');
    expect(existsSync(join(sample.folder, 'dist/sample-app/src/demo.js'))).toBe(true);
  });

  it.each<NodeJS.Signals>(['SIGTERM', 'SIGINT'])(
    'ends by itself on %s, also with connections open',
    async (signal) => {
      const run = start();
      await vote(await urlOf(run), 8);
      run.child.kill(signal);
      expect(await run.ended).toMatchObject({ signal, err: '' });
    },
  );

  it('remembers votes over a restart, and shares them with its neighbour', async () => {
    const env = { DATABASE_FILE: join(sample.folder, 'shared.db') };
    const [one, other] = [start(env), start(env)];
    expect(await vote(await urlOf(one), 7)).toMatchObject({ result: 'voted' });
    expect(await vote(await urlOf(other), 7)).toMatchObject({ result: 'already-voted' });
    one.child.kill('SIGTERM');
    await one.ended;
    expect(await vote(await urlOf(start(env)), 7)).toMatchObject({ result: 'already-voted' });
  });

  it.each([
    [{ PORT: 'http' }, /PORT is "http"/],
    [{ INSTANCE: 'a b' }, /INSTANCE is "a b"/],
    [{ WORK_MS: '-1' }, /WORK_MS is "-1"/],
    [{ LOCK_URL: 'localhost:6379' }, /store URL has no scheme/],
    [{ LOCK_URL: 'redis://u:hunter2@h:port' }, /store URL is malformed/],
    [{ LOCK_URL: 'redis+cluster://u:hunter2@127.0.0.1:1' }, /redis/i],
    [{ LOCK_URL: 'redis+sentinel://u:hunter2@127.0.0.1:1' }, /master/i],
    [{ LOCK_URL: 'zookeeper://u:hunter2@127.0.0.1:1/locks' }, /zookeeper/i],
    [{ LOCK_URL: 'mysql://u:hunter2@127.0.0.1:1/db' }, /MariaDB|MySQL/i],
    [{ LOCK_URL: 'postgres://u:hunter2@127.0.0.1:1/db' }, /PostgreSQL/i],
    [{ LOCK_URL: 'redis://u:hunter2@127.0.0.1:1' }, /redis/i],
    [{ DATABASE_URL: 'mongodb://u:hunter2@h' }, /DATABASE_URL must begin with/],
    [{ DATABASE_URL: 'postgres://u:hunter2@127.0.0.1:1/db' }, /ECONNREFUSED/],
    [{ DATABASE_FILE: '/dev/null/votes.db' }, /\/dev\/null\/votes\.db/],
    [{ HOST: '192.0.2.1' }, /HOST "192\.0\.2\.1" is no address of this machine/],
  ])('does not start with %j, and says why in one line', async (env, reason) => {
    const { status, out, err } = await start(env).ended;
    expect(err).toMatch(/^The voting API did not start\. .+\n$/);
    expect(err).toMatch(reason);
    expect(`${out}${err}`).not.toContain('hunter2');
    expect(out).toBe('');
    expect(status).toBe(1);
  });

  it('does not start on a port that is in use, and says so in one line', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const { status, err } = await start({ PORT: String(port) }).ended;
    other.close();
    expect(err).toBe(
      `The voting API did not start. 127.0.0.1:${port} is in use already. Set PORT to a free port.\n`,
    );
    expect(status).toBe(1);
  });

  it('does not start with a wrong password of the lock server, and shows neither', async () => {
    const server = await RedisServer.start({ password: 'right' });
    try {
      const LOCK_URL = `redis://:hunter2@127.0.0.1:${server.port}`;
      const { status, err } = await start({ LOCK_URL }).ended;
      expect(err).toMatch(/^The voting API did not start\. .+\n$/);
      expect(err).not.toMatch(/hunter2|right/);
      expect(status).toBe(1);
    } finally {
      await server.stop();
    }
  });

  it('keeps one vote per voter over two instances on one lock server', async () => {
    const server = await RedisServer.start();
    try {
      const env = { LOCK_URL: server.url, DATABASE_FILE: join(sample.folder, 'two.db'), WORK_MS: '20' };
      const urls = await Promise.all([start(env), start(env)].map(urlOf));
      const answers = await Promise.all([...urls, ...urls, ...urls].map((url) => vote(url, 7)));
      expect(answers.filter(({ result }) => result === 'voted')).toHaveLength(1);
      expect(answers.filter(({ result }) => result === 'already-voted')).toHaveLength(5);
      expect(new Set(answers.map(({ fencingToken }) => fencingToken)).size).toBe(6);
    } finally {
      await server.stop();
    }
  });
});
