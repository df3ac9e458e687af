import { beforeEach, describe, expect, it } from '@jest/globals';
import { runProgram } from '../../../lib/cli/program.js';
import { LockConfigError, LockStoreError } from '../../../lib/errors.js';
import type { AcquireRequest, LockStore, StoreSession } from '../../../lib/line/store.js';
import { memoryStore } from '../../../lib/stores/memory/index.js';
import { manualClock } from '../../../lib/testing/manual-clock.js';
import { openSession, requestFor } from '../../support/open-session.js';
import { until } from '../../support/until.js';
import { FakeTerminal } from './fake-terminal.js';

let store: LockStore;
let session: StoreSession;
let terminal: FakeTerminal;
let opened: number;

beforeEach(async () => {
  // The model under another name: the commands refuse memory:, which they could not see.
  store = { ...memoryStore(), name: 'model' };
  session = await openSession(store);
  terminal = new FakeTerminal();
  opened = 0;
});

/** The store, counting the sessions that are open. */
const counted = (): LockStore => ({
  ...store,
  connect: async (context) => {
    const inner = await store.connect(context);
    opened++;
    return Object.assign(inner, {
      close: async () => {
        opened--;
      },
    });
  },
});

const run = (...args: string[]): Promise<number> =>
  runProgram(args, { terminal, version: '1.2.3', openStore: async () => counted() });

async function hold(key: string, parts: Partial<AcquireRequest> = {}): Promise<AcquireRequest> {
  const request = requestFor(key, parts);
  await session.acquire(request);
  return request;
}

const owners = async (key: string): Promise<string[]> =>
  (await session.inspect(key)).holders.map(({ owner }) => owner);

describe('inspect', () => {
  it('shows what is held and waited for in the namespace, and ends with 0', async () => {
    await hold('lock:b');
    await hold('lock:a');
    await hold('other:c');
    await hold('lock:a');
    expect(await run('inspect', 'x:')).toBe(0);
    expect(terminal.printed.split('\n').map((line) => line.split(/ +/)[0])).toEqual(['KEY', 'a', 'b', '']);
    expect(terminal.printed).toMatch(/^a .* 1$/m);
    expect([terminal.told, opened]).toEqual(['', 0]);
  });

  it('shows a key alone, another namespace, a pattern', async () => {
    await hold('lock:vote:7');
    await hold('shop%3a1:vote:8');
    expect(await run('inspect', 'x:', 'vote:7', '--json')).toBe(0);
    expect(JSON.parse(terminal.printed)).toMatchObject({ keys: [{ key: 'vote:7' }], isCut: false });
    terminal.printed = '';
    expect(await run('inspect', 'x:', 'vo*8', '-n', 'shop:1', '--json')).toBe(0);
    expect(JSON.parse(terminal.printed)).toMatchObject({ keys: [{ key: 'vote:8' }] });
  });

  it('ends with 1 where nobody holds or waits', async () => {
    expect(await run('inspect', 'x:')).toBe(1);
    expect(await run('inspect', 'x:', 'vote:7')).toBe(1);
    expect(terminal.printed).toBe('Nobody holds or waits.\n'.repeat(2));
  });

  it('says when there are more than were asked for', async () => {
    for (const key of ['lock:a', 'lock:b', 'lock:c']) await hold(key);
    expect(await run('inspect', 'x:', '--most', '2')).toBe(0);
    expect(terminal.printed.split('\n')).toHaveLength(4);
    expect(terminal.told).toMatch(/more than 2/);
    terminal.told = '';
    expect(await run('inspect', 'x:', '--most', '3')).toBe(0);
    expect(terminal.told).toBe('');
  });

  it('walks through all pages, and tells a key once though two pages have it', async () => {
    await hold('lock:a');
    await hold('lock:b');
    const pages = [
      { keys: [], hashes: ['ff'], next: '1' },
      { keys: ['lock:a', 'lock:gone'], hashes: [], next: '2' },
      { keys: ['lock:a', 'lock:b'], hashes: ['ff'], next: undefined },
    ];
    const paged: LockStore = {
      ...store,
      connect: async (context) =>
        Object.assign(await store.connect(context), {
          list: async ({ from = '0' }: { from?: string }) => pages[Number(from)],
        }),
    };
    const program = { terminal, version: '', openStore: async () => paged };
    expect(await runProgram(['inspect', 'x:', '--json'], program)).toBe(0);
    const { keys, hashes } = JSON.parse(terminal.printed) as { keys: { key: string }[]; hashes: string[] };
    expect([keys.map(({ key }) => key), hashes]).toEqual([['a', 'b'], ['ff']]);
    expect(terminal.told).toMatch(/1 more in use.*hash/);
  });

  it('shows the others where one key cannot be read, says why, and ends with 1', async () => {
    await hold('lock:a');
    await hold('lock:b');
    const inspect = (key: string) =>
      key === 'lock:a'
        ? Promise.reject(
            new LockStoreError('a foreign value\u001b', { store: 'model', operation: 'inspect' }),
          )
        : session.inspect(key);
    const broken = {
      ...store,
      connect: async (context: never) => Object.assign(await store.connect(context), { inspect }),
    };
    const program = { terminal, version: '', openStore: async () => broken };
    expect(await runProgram(['inspect', 'x:'], program)).toBe(1);
    expect(terminal.printed).toMatch(/^b /m);
    expect(terminal.told).toBe('a foreign value\\u{1b}\n');
  });

  it('asks for a key alone where the store cannot list, and refuses patterns', async () => {
    await hold('lock:a');
    const listless = {
      ...store,
      connect: async (context: never) => Object.assign(await store.connect(context), { list: undefined }),
    };
    const program = { terminal, version: '', openStore: async () => listless };
    expect(await runProgram(['inspect', 'x:', 'a'], program)).toBe(0);
    expect(await runProgram(['inspect', 'x:'], program)).toBe(2);
    expect(terminal.told).toMatch(/cannot list keys: name one/);
  });
});

describe('release', () => {
  it('asks, and does nothing where the answer is not yes', async () => {
    const { owner } = await hold('lock:a');
    terminal.canAsk = true;
    for (const answer of ['', 'n', 'no', 'yesterday', 'ja']) {
      terminal.onAsk = () => answer;
      expect(await run('release', 'x:', 'a')).toBe(1);
    }
    expect(terminal.asked).toHaveLength(5);
    expect(terminal.printed).toMatch(new RegExp(owner));
    expect(await owners('lock:a')).toEqual([owner]);
  });

  it.each(['y', 'Y', 'yes', ' yes \n'])('takes the lock away where the answer is %j', async (answer) => {
    await hold('lock:a');
    terminal.canAsk = true;
    terminal.onAsk = () => answer;
    expect(await run('release', 'x:', 'a')).toBe(0);
    expect(terminal.printed).toMatch(/Released "a"\.\n$/);
    expect([await owners('lock:a'), opened]).toEqual([[], 0]);
  });

  it('does not take it from whoever came while the question stood', async () => {
    const first = await hold('lock:a');
    let second: AcquireRequest | undefined;
    terminal.canAsk = true;
    terminal.onAsk = async () => {
      await session.release({ keys: first.keys, owner: first.owner, refuses: false, keepMs: 0 });
      second = await hold('lock:a');
      return 'y';
    };
    expect(await run('release', 'x:', 'a')).toBe(1);
    expect(terminal.printed).toMatch(/Somebody else holds it by now/);
    expect(await owners('lock:a')).toEqual([second!.owner]);
  });

  it('refuses without a terminal, before it opens anything, unless one is sure', async () => {
    await hold('lock:a');
    let asked = 0;
    const openStore = async (): Promise<LockStore> => {
      asked++;
      return store;
    };
    expect(await runProgram(['release', 'x:', 'a'], { terminal, version: '', openStore })).toBe(2);
    expect([asked, await owners('lock:a')]).toEqual([0, [expect.any(String)]]);
    expect(terminal.told).toMatch(/no terminal to ask at: add --yes/);
    expect(await run('release', 'x:', 'a', '--yes')).toBe(0);
    expect(await owners('lock:a')).toEqual([]);
    expect(terminal.asked).toEqual([]);
  });

  it('ends with 1 where nobody holds, and says who waits', async () => {
    expect(await run('release', 'x:', 'a*', '-y')).toBe(1);
    expect(terminal.printed).toBe('Nobody holds "a*".\n');
  });
});

describe('watch', () => {
  it('tells each change in a line until Ctrl-C, where there is no screen', async () => {
    const clock = manualClock();
    store = { ...memoryStore({ clock }), name: 'model' };
    session = await openSession(store, 10_000, clock);
    const { owner } = await hold('lock:a', { leaseMs: 60_000 });
    const program = { terminal, version: '', openStore: async () => counted(), clock };
    const ended = runProgram(['watch', 'x:', '--interval', '2s'], program);
    await until('it looked', () => terminal.printed !== '');
    await session.release({ keys: ['lock:a'], owner, refuses: false, keepMs: 0 });
    await clock.advanceAsync(2_000);
    await until('it looked again', () => terminal.printed.includes('ended'));
    await clock.advanceAsync(10_000);
    terminal.ctrlC.abort();
    expect(await ended).toBe(0);
    const lines = terminal.printed.trimEnd().split('\n');
    expect(lines.map((line) => line.split(/ +/).slice(0, 2).join(' '))).toEqual(['held "a"', 'ended "a"']);
    expect([opened, clock.pending]).toEqual([0, 0]);
  });

  it('paints a table on a screen, and goes on when the store failed for a moment', async () => {
    await hold('lock:a');
    let failures = 1;
    const list: StoreSession['list'] = (request) =>
      failures-- > 0
        ? Promise.reject(new LockStoreError('it is down', { store: 'model', operation: 'list' }))
        : session.list!(request);
    const flaky = {
      ...store,
      connect: async (context: never) => Object.assign(await store.connect(context), { list }),
    };
    terminal.isScreen = true;
    const program = { terminal, version: '', openStore: async () => flaky };
    const ended = runProgram(['watch', 'x:', '--interval', '100ms'], program);
    await until('it painted', () => terminal.printed.includes('exclusive'));
    terminal.ctrlC.abort();
    expect(await ended).toBe(0);
    expect(terminal.printed.startsWith('\u001b[H\u001b[2J')).toBe(true);
    expect(terminal.told).toBe('it is down\n');
  });
});

describe('a failure', () => {
  it.each([
    [new LockStoreError('down', { store: 'model', operation: 'connect' }), 1],
    [new LockConfigError('The store URL is wrong.', { option: 'url' }), 2],
    [new Error('odd'), 1],
  ])('is told in one line: %s', async (error, status) => {
    const program = { terminal, version: '', openStore: () => Promise.reject(error) };
    expect(await runProgram(['inspect', 'x:'], program)).toBe(status);
    expect(terminal.told).toBe(`nestjs-distributed-lock: ${error.message}\n`);
  });

  it.each([
    ['inspect', 'x:', '-n', ''],
    ['inspect', 'x:', 'a\0b'],
    ['inspect', 'x:', 'k'.repeat(1_025)],
    ['release', 'x:', '', '-y'],
  ])('of what is typed ends with 2: %j %j %j', async (...args) => {
    expect(await run(...args)).toBe(2);
    expect(terminal.told.trimEnd()).not.toMatch(/\n/);
    expect(opened).toBe(0);
  });

  it('of memory: says why', async () => {
    expect(await runProgram(['inspect', 'memory:'], { terminal, version: '' })).toBe(2);
    expect(terminal.told).toMatch(/inside one process/);
  });
});

it('prints help and version', async () => {
  expect(await run('--help')).toBe(0);
  expect(terminal.printed).toMatch(/inspect <url> \[pattern\]/);
  terminal.printed = '';
  expect(await run('--version')).toBe(0);
  expect(terminal.printed).toBe('1.2.3\n');
});
