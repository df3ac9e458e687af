import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { blocksOf, ROOT } from '../support/doc-pages.js';
import { freePort } from '../support/free-port.js';
import { packed, removeTemporaryFolders, run, temporaryFolder, whileRunning } from './consumer.js';

const PAGE = 'docs/getting-started.md';
const commands = blocksOf(PAGE)
  .filter(({ language }) => language === 'sh')
  .flatMap(({ text }) => text.trim().split('\n'));
const [create = '', enter = '', install = '', start = '', vote = ''] = commands;

let folder: string;
const shell = (command: string): Promise<string> => run(folder, 'bash', '-c', command);

beforeAll(async () => {
  folder = temporaryFolder();
  await shell(create);
  folder = join(folder, enter.replace('cd ', ''));
  await shell(install.replace('nestjs-distributed-lock', packed()));
  for (const { name, text } of blocksOf(PAGE).filter(({ marker }) => marker === 'file')) {
    writeFileSync(join(folder, 'src', name), text);
  }
});
afterAll(removeTemporaryFolders);

describe('the page "Getting started"', () => {
  it('needs five commands', () => {
    expect(commands).toHaveLength(5);
    expect(start).toBe('npm start');
  });

  it('ends with a method that runs once at a time', async () => {
    const port = await freePort();
    const startIt = {
      command: ['bash', '-c', start],
      env: { PORT: String(port) },
      ready: /successfully started/,
    };
    const printed = await whileRunning(folder, startIt, () =>
      shell(vote.replaceAll('localhost:3000', `127.0.0.1:${port}`)),
    );
    expect(printed.trim().split('\n').toSorted()).toEqual(['counted', 'voted before']);
  });
});

describe('the specs of the page "Testing"', () => {
  it('pass with vitest, with one word changed', async () => {
    const guide = join(folder, 'src/guide');
    cpSync(join(ROOT, 'test/guide'), guide, { recursive: true });
    for (const name of readdirSync(guide)) {
      const text = readFileSync(join(guide, name), 'utf8');
      writeFileSync(join(guide, name), text.replace(`from '@jest/globals'`, `from 'vitest'`));
    }
    const report = ['--reporter=json', '--outputFile=guide.json'];
    await run(folder, 'npx', 'vitest', 'run', 'src/guide', ...report);
    const text = readFileSync(join(folder, 'guide.json'), 'utf8');
    const { numPassedTests, numFailedTests } = JSON.parse(text) as Record<string, number>;
    const written = readdirSync(guide)
      .map((name) => readFileSync(join(guide, name), 'utf8').match(/^ {2}it\(/gm)?.length ?? 0)
      .reduce((sum, count) => sum + count, 0);
    expect([numPassedTests, numFailedTests]).toEqual([written, 0]);
  });
});
