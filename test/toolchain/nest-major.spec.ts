import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { readJson } from './entry-points.js';

it('runs on the Nest that this run is for, each package of it', () => {
  const { NEST_MAJOR } = globalThis as unknown as { NEST_MAJOR: number };
  const { resolve } = createRequire(import.meta.url);
  const platforms = ['platform-express', 'platform-fastify', 'microservices', 'bullmq', 'cqrs'];
  const packages = ['common', 'core', 'testing', ...platforms];
  const majors = packages.map((name) => {
    // What is exported may lie deeper.
    const [folder] = /^.*\/@nestjs\/[^/]+/.exec(resolve(`@nestjs/${name}`))!;
    return Number.parseInt(readJson<{ version: string }>(join(folder, 'package.json')).version, 10);
  });
  expect(majors).toEqual(packages.map(() => NEST_MAJOR));
});
