import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClient, type InValue } from '@libsql/client';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DynamicModule, INestApplication, Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  DistributedLockModule,
  LockService,
  type LockStore,
  memoryStore,
  quorumStore,
} from 'nestjs-distributed-lock';
import { storeFromUrl } from 'nestjs-distributed-lock/url';
import { Pool } from 'pg';
import { ownCode, ROOT, textOf, Workspace } from '../support/doc-pages.js';
import { RedisServer } from '../support/redis-server.js';

const readme = textOf('README.md');
const code = ownCode('README.md');

/** What the reader has of their own: a history whose look-ups take a while. */
const VOTE_HISTORY = `
  import { setTimeout as sleep } from 'node:timers/promises';
  const votes: string[] = [];
  export class VoteHistory {
    async has(userSeq: number, voteSeq: number): Promise<boolean> {
      const found = votes.includes(\`\${userSeq}:\${voteSeq}\`);
      await sleep(5);
      return found;
    }
    async add(userSeq: number, voteSeq: number): Promise<void> {
      votes.push(\`\${userSeq}:\${voteSeq}\`);
    }
    count(): number {
      return votes.length;
    }
  }`;

/** The rows of the table whose head has these cells, each row its cells. */
const tableAfter = (heading: string): string[][] => {
  const lines = readme.slice(readme.indexOf(heading)).split('\n');
  const from = lines.findIndex((line) => line.startsWith('|'));
  const to = lines.findIndex((line, index) => index > from && !line.startsWith('|'));
  return lines.slice(from + 2, to).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
};
const namesIn = (heading: string): string[] =>
  tableAfter(heading).map(([cell = '']) => cell.replaceAll('`', ''));

/** The names of an interface's own properties, from its source. */
const propertiesOf = (path: string, name: string): string[] => {
  const source = readFileSync(join(ROOT, path), 'utf8');
  const body = new RegExp(`interface ${name} [^{]*{\\n(.*?)\\n}`, 's').exec(source)?.[1] ?? '';
  return [...body.matchAll(/^ {2}(\w+)\??:/gm)].map(([, property = '']) => property);
};

describe('the README', () => {
  let workspace: Workspace;
  let redis: RedisServer;
  const apps: INestApplication[] = [];

  const load = async <T>(name: string): Promise<T> => workspace.load(`README/${name}`);
  const start = async (module: Type | DynamicModule, providers: object[] = []): Promise<INestApplication> => {
    const testing = Test.createTestingModule({ imports: [module], providers: providers as Type[] });
    const app = (await testing.compile()).createNestApplication();
    apps.push(app);
    await app.listen(0, '127.0.0.1');
    return app;
  };
  const inMemory = (): DynamicModule => DistributedLockModule.forRoot({ store: memoryStore() });

  beforeAll(async () => {
    workspace = await Workspace.of(['README.md'], { 'README/vote-history.ts': VOTE_HISTORY });
    redis = await RedisServer.start();
    process.env['REDIS_URL'] = redis.url;
  });

  afterAll(async () => {
    delete process.env['REDIS_URL'];
    for (const app of apps) await app.close();
    await redis.stop();
    await workspace.remove();
  });

  it('has its code in files that a test can find', () => {
    expect(code.map(({ name }) => name)).toEqual([
      'app.module.ts',
      'votes.service.ts',
      'votes.controller.ts',
      'accounts.service.ts',
      'async.module.ts',
      'stock.service.ts',
    ]);
  });

  it('shows a vote that counts once, in two applications on one Redis', async () => {
    const { AppModule } = await load<{ AppModule: Type }>('app.module.ts');
    const { VoteHistory } = await load<{ VoteHistory: new () => { count(): number } }>('vote-history.ts');
    const urls = [await (await start(AppModule)).getUrl(), await (await start(AppModule)).getUrl()];
    const vote = async (url: string, userSeq: unknown): Promise<string> => {
      const body = JSON.stringify({ userSeq });
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${url}/polls/1/votes`, { method: 'POST', headers, body });
      return response.text();
    };
    const answers = await Promise.all(
      [...urls, ...urls, ...urls].map((url, i) => vote(url, i < 3 ? 7 : '07')),
    );
    expect(answers.filter((text) => text === '투표 성공!')).toHaveLength(1);
    expect(answers.filter((text) => text === '이미 투표했습니다.')).toHaveLength(5);
    expect(new VoteHistory().count()).toBe(1);
  });

  it('shows handlers that skip, share and count permits', async () => {
    const { AppModule } = await load<{ AppModule: Type }>('app.module.ts');
    const app = await start(AppModule);
    const url = await app.getUrl();
    const ask = async (method: string, path: string): Promise<string> =>
      (await fetch(`${url}${path}`, { method })).text();
    expect(await ask('POST', '/polls/07/close')).toMatch(/^closed 7 under \d+$/);
    expect(await ask('POST', '/polls/7/export')).toBe('export of 7');
    const lock = await app.get(LockService).acquire('poll:7', { mode: 'shared' });
    expect(await ask('POST', '/polls/7/close')).toBe('being closed');
    expect(await ask('GET', '/polls/7')).toBe('poll 7');
    await lock.release();
  });

  it('shows locks by hand', async () => {
    interface Accounts {
      nightly(work: () => Promise<void>): Promise<boolean>;
      tryTransfer(from: string, to: string, move: () => Promise<void>): Promise<string>;
    }
    const { AccountsService } = await load<{ AccountsService: Type<Accounts> }>('accounts.service.ts');
    const app = await start(inMemory(), [AccountsService]);
    const accounts = app.get(AccountsService);
    let moved = 0;
    const move = async (): Promise<void> => void (moved += 1);
    expect(
      await Promise.all([accounts.tryTransfer('a', 'b', move), accounts.tryTransfer('b', 'a', move)]),
    ).toEqual(['done', 'done']);
    expect(moved).toBe(2);
    expect(await accounts.nightly(move)).toBe(true);
    expect(await accounts.nightly(move)).toBe(false);
    await app.get(LockService).acquire('account:b');
    expect(await accounts.tryTransfer('a', 'b', move)).toBe('busy');
    expect(moved).toBe(3);
  });

  it('shows a store by URL', async () => {
    const { AsyncModule } = await load<{ AsyncModule: Type }>('async.module.ts');
    const app = await start(AsyncModule);
    await expect(app.get(LockService).withLock('a', (lock) => lock.isHeld)).resolves.toBe(true);
  });

  it('shows a resource that refuses whoever slept beyond its lease', async () => {
    type Count = (item: string, ask: () => Promise<number>) => Promise<void>;
    const { StockService } = await load<{ StockService: Type<{ count: Count }> }>('stock.service.ts');
    const database = createClient({ url: `file:${join(workspace.folder, 'stock.db')}` });
    await database.execute('CREATE TABLE stock (item TEXT, amount INTEGER, fencing_token INTEGER)');
    await database.execute(`INSERT INTO stock VALUES ('pen', 0, 0)`);
    const query = async (sql: string, args: InValue[]): Promise<{ rowCount: number }> => {
      const { rowsAffected } = await database.execute({ sql: sql.replaceAll(/\$(\d)/g, '?$1'), args });
      return { rowCount: rowsAffected };
    };
    const app = await start(inMemory(), [StockService, { provide: Pool, useValue: { query } }]);
    const [stock, locks] = [app.get(StockService), app.get(LockService)];

    let wake!: () => void;
    const slept = new Promise<void>((resolve) => (wake = resolve));
    // Outside of the first count's context: another owner.
    const other = slept.then(() => stock.count('pen', async () => 2));
    const late = stock.count('pen', async () => {
      await locks.forceRelease('stock:pen');
      wake();
      await other;
      return 1;
    });
    await expect(late).rejects.toThrow('The stock of pen was counted again meanwhile.');
    const { rows } = await database.execute('SELECT amount FROM stock');
    expect(rows[0]?.['amount']).toBe(2);
    database.close();
  });

  it('lists the options there are', () => {
    const module = propertiesOf('lib/nest/module-options.ts', 'DistributedLockModuleOptions');
    expect(namesIn('Of the module, ')).toEqual([...module, 'isGlobal']);
    expect(namesIn('Of a lock, ')).toEqual(propertiesOf('lib/core/lock-options.ts', 'LockOptions'));
    const decorator = propertiesOf('lib/nest/decorator-options.ts', 'DistributedLockOptions');
    expect(namesIn('Only on the decorator')).toEqual(decorator);
  });

  it('lists the stores there are, with what they do', async () => {
    const rows = tableAfter('## Stores').map((cells) => cells.slice(2));
    const said = (store: LockStore): string[] => {
      const { shared, permits, leases, fairOrder, wakeUp } = store.capabilities;
      const words = [shared, permits, leases, fairOrder].map((can) => (can ? 'yes' : 'no'));
      return [...words, wakeUp === 'message' ? 'woken' : 'polling'];
    };
    for (const row of rows) {
      for (const scheme of (row[5] ?? '').matchAll(/`(.+?)`/g)) {
        const url =
          scheme[1] === 'memory:'
            ? 'memory:'
            : `${scheme[1]}127.0.0.1${/^(postgres|mysql|rediss?\+sentinel)/.test(scheme[1] ?? '') ? '/app' : ''}`;
        expect([scheme[1], ...said(await storeFromUrl(url))]).toEqual([scheme[1], ...row.slice(0, 5)]);
      }
    }
    const quorum = rows.filter((row) => row[5] === '');
    expect(quorum.map((row) => row.slice(0, 5))).toEqual([said(quorumStore([memoryStore(), memoryStore()]))]);
    expect(rows).toHaveLength(11);
  });

  it('lists the errors there are, with their codes and HTTP statuses', () => {
    const source = readFileSync(join(ROOT, 'lib/errors.ts'), 'utf8');
    const classes = [
      ...source.matchAll(/class (\w+) extends LockError .*?code = '(\w+)'.*?super\(message, (\d+)/gs),
    ];
    const listed = tableAfter('## Errors').map(([name, code, status]) => [name, code, status].join());
    expect(listed).toEqual(
      classes.map(([, name, code, status]) => [`\`${name}\``, `\`${code}\``, status].join()),
    );
  });

  it('names only scripts that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
    const named = [...readme.matchAll(/npm (?:run )?(start|test|[\w]+:\w+|demo|lint|typecheck)\b/g)];
    expect(named.length).toBeGreaterThanOrEqual(8);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named.map(([, name]) => name)));
  });
});
