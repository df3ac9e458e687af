import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplication, Type } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import type { MeterProvider } from '@opentelemetry/sdk-metrics';
import type { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { DistributedLockModule, LockService, memoryStore } from 'nestjs-distributed-lock';
import { LockHealthIndicator } from 'nestjs-distributed-lock/terminus';
import { send, serve } from './support/platforms.js';

const ROOT = resolve(import.meta.dirname, '../..');
const page = readFileSync(join(ROOT, 'docs/observability.md'), 'utf8');
const files = [...page.matchAll(/<!-- file: (\S+) -->\n```ts\n(.*?)```\n/gs)];

/** What Prometheus gets from an exporter. */
const scrape = (exporter: PrometheusExporter): Promise<string> =>
  new Promise((resolve) => {
    const response = { setHeader: () => undefined, statusCode: 0, end: resolve };
    exporter.getMetricsRequestHandler({} as never, response as never);
  });

describe('the page on seeing inside', () => {
  let folder: string;
  let app: INestApplication;
  let url: string;
  const load = async <T>(name: string): Promise<T> => (await import(join(folder, name))) as T;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'observability-'));
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    const config = { extends: join(ROOT, 'tsconfig.json'), include: [`${folder}/*.ts`], exclude: [] };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
    for (const [, name = '', text = ''] of files) await writeFile(join(folder, name), text);
    const { HealthController } = await load<{ HealthController: Type }>('health.controller.ts');
    ({ app, url } = await serve('express', {
      imports: [DistributedLockModule.forRoot({ store: memoryStore() }), TerminusModule],
      controllers: [HealthController],
      providers: [LockHealthIndicator],
    }));
  });
  afterAll(async () => {
    await app.close();
    await rm(folder, { recursive: true });
  });

  it('has code that compiles under the strict settings of this project', () => {
    const tsc = join(ROOT, 'node_modules/.bin/tsc');
    const { stdout, status } = spawnSync(tsc, ['-p', folder, '--noEmit'], { encoding: 'utf8' });
    expect([files.length, stdout, status]).toEqual([4, '', 0]);
  });

  it('shows a health check that works', async () => {
    expect(await send(`${url}/health`, { method: 'GET' })).toMatchObject({ status: 200 });
  });

  it('alerts on metrics and labels that there are', async () => {
    const { exporter, meterProvider, stopTelemetry } = await load<{
      exporter: PrometheusExporter;
      meterProvider: MeterProvider;
      stopTelemetry: () => void;
    }>('named-telemetry.ts');
    const locks = app.get(LockService);
    const first = await locks.acquire('account:7', { leaseTime: 50 });
    const second = locks.acquire('account:7');
    const late = locks.acquire('account:7', { waitTime: 1 });
    await expect(late).rejects.toThrow('is still held');
    await expect(locks.tryAcquire('account:7')).resolves.toBeNull();
    await (await second).release();
    await first.release();
    const text = await scrape(exporter);
    stopTelemetry();
    await meterProvider.shutdown();

    expect(text).toContain('distributed_lock_key_template="account:<id>"');
    const known = new Set([
      ...[...text.matchAll(/^(distributed_lock_\w+)/gm)].map(([, name]) => name),
      ...[...text.matchAll(/[{,](\w+)="/g)].map(([, label]) => label),
    ]);
    // Nothing failed here, and no renewal fell due; the unit tests see these.
    const unseen = ['distributed_lock_stores_down', 'distributed_lock_renewals_total'];
    const named = [...page.matchAll(/\b(distributed_lock_\w+|error_type)\b/g)].map(([, name]) => name!);
    const strangers = named.filter(
      (name) => !known.has(name) && !unseen.includes(name) && !name.includes('_seconds_'),
    );
    expect([...new Set(strangers)]).toEqual([]);
  });

  it('lists every metric with its unit', () => {
    const source = readFileSync(join(ROOT, 'lib/telemetry/lock-metrics.ts'), 'utf8');
    const made = [...source.matchAll(/(?:seconds|count|now)\(\s*'([\w.]+)'(?:,\s*'(\{\w+\})')?/g)];
    const listed = [...page.matchAll(/^\| `distributed_lock\.([\w.]+)` \| \w+, `(.+?)`/gm)];
    expect(listed.map(([, name, unit]) => [name, unit])).toEqual(
      expect.arrayContaining(made.map(([, name, unit = 's']) => [name, unit])),
    );
    expect(listed).toHaveLength(made.length);
    expect(made.length).toBe(11);
  });

  it('lists every kind of event', () => {
    const source = readFileSync(join(ROOT, 'lib/core/lock-events.ts'), 'utf8');
    const kinds = [...source.matchAll(/^ {4}(\w+): lockChannel\('\1'\)/gm)].map(([, kind]) => kind!);
    expect(kinds).toHaveLength(7);
    expect(
      kinds.filter((kind) => !page.includes(`| \`${kind}\``) && !page.includes(`, \`${kind}\` |`)),
    ).toEqual([]);
  });
});
