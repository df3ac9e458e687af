import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type INestApplicationContext, Logger, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import fc from 'fast-check';
import { LockRuntime } from '../../lib/core/lock-runtime.js';
import { DistributedLockModule, LockService } from '../../lib/index.js';
import { storeFromUrl } from '../../lib/url/index.js';
import { LogLines } from '../e2e/support/platforms.js';
import { freePort } from '../support/free-port.js';
import { hostileKeys } from './hostile-keys.js';
import { shows } from './shows.js';
import { SECRET, STARTS, type Target } from './targets.js';

describe.each(Object.entries(STARTS))('with %s', (_, start) => {
  let target: Target;
  beforeAll(async () => {
    target = await start();
  });
  afterAll(() => target.stop());

  describe('a hostile key', () => {
    const spaces = ['n', 'n:v'] as const;
    const prefixes = ['n:', 'n%3av:'] as const;
    const opened: LockRuntime[] = [];
    let clients: readonly (readonly [LockRuntime, LockRuntime])[];

    const client = async (namespace: string): Promise<LockRuntime> => {
      const store = await storeFromUrl(target.url);
      const settings = { namespace, waitMs: 5_000, watchdogMs: 10_000, shutdownMs: 0 };
      const one = new LockRuntime({ store, ...settings });
      opened.push(one);
      await one.start();
      return one;
    };
    beforeAll(async () => {
      const pairs = spaces.map(async (space) => [await client(space), await client(space)] as const);
      clients = await Promise.all(pairs);
    });
    afterAll(() => Promise.all(opened.map((one) => one.shutdown())));

    /** The names on the server that stand for none of these keys. */
    const strangersAmong = async (keys: readonly string[], known: ReadonlySet<string>): Promise<string[]> => {
      const storeKeys = prefixes.flatMap((prefix) => keys.map((key) => prefix + key));
      const { locks } = await target.look();
      return locks.filter(
        (name) => !known.has(name) && !storeKeys.some((storeKey) => target.isNameOf(name, storeKey)),
      );
    };

    it('reaches no other key, no other namespace, and nothing else on the server', async () => {
      // Makes what the first use of a store makes.
      for (const [one] of clients) await one.withLock('first', () => undefined);
      const before = await target.look();
      const known = new Set(before.locks);
      await fc.assert(
        fc.asyncProperty(hostileKeys, async (keys) => {
          const holds = await Promise.all(
            clients.flatMap(([one]) => keys.map((key) => one.tryAcquire(key, { leaseTime: '1m' }))),
          );
          // Each is free, whatever else is held; and each is taken by its own hold, and by nothing else.
          expect(holds).not.toContain(null);
          expect(await strangersAmong(keys, known)).toEqual([]);
          for (const [at, [, other]] of clients.entries()) {
            for (const [nth, key] of keys.entries()) {
              const { holders } = await other.inspect(key);
              const hold = holds[at * keys.length + nth]!;
              expect(holders).toMatchObject([{ owner: hold.owner }]);
              expect(await other.tryAcquire(key)).toBeNull();
            }
          }
          await Promise.all(holds.map((hold) => hold!.release()));
          // Together, in one command where the store can; a line, and a forced end, of one of them.
          const [one, other] = clients[0]!;
          const all = await one.acquire(keys);
          const waiting = other.acquire(keys[0]!, { fair: true });
          await all.release();
          await (await waiting).release();
          for (const key of keys) expect((await one.inspect(key)).holders).toEqual([]);
          for (const name of (await target.look()).locks) known.add(name);
        }),
        // A database writes each of them to its disk.
        { numRuns: /sql|postgres/.test(target.name) ? 8 : 25 },
      );
      expect((await target.look()).rest).toEqual(before.rest);
    });
  });

  describe('the password of a URL', () => {
    const log = new LogLines();
    let application: INestApplicationContext;
    const boot = async (url: string): Promise<INestApplicationContext> => {
      @Module({
        imports: [
          DistributedLockModule.forRootAsync({
            useFactory: async () => ({ store: await storeFromUrl(url), waitTime: '1s' }),
          }),
        ],
      })
      class Root {}
      const testing = await Test.createTestingModule({ imports: [Root] })
        .setLogger(log)
        .compile();
      application = await testing.init();
      return application;
    };
    afterAll(() => Logger.overrideLogger(false));

    const showsSecret = (value: unknown): boolean =>
      [value, json(value), String(value)].some((one) => shows(one, SECRET));

    it('is what the eyes of this test would find', () => {
      const hidden = Object.defineProperty({}, 'url', { value: [new Map([['a', target.url]])] });
      expect(showsSecret(hidden)).toBe(true);
      expect(showsSecret({ url: 'no secret' })).toBe(false);
    });

    it('shows in nothing that an application holds or logs', async () => {
      const app = await boot(target.url);
      const locks = app.get(LockService);
      const lock = await locks.acquire('shown');
      expect(showsSecret(await storeFromUrl(target.url))).toBe(false);
      expect(showsSecret(locks)).toBe(false);
      expect(showsSecret(lock)).toBe(false);
      expect(showsSecret(await locks.inspect('shown'))).toBe(false);
      expect(process.title).not.toContain(SECRET);
      expect(readFileSync('/proc/self/cmdline', 'utf8')).not.toContain(SECRET);
      await lock.release();
      await app.close();
      expect(log.lines.join('\n')).not.toContain(SECRET);
    });

    it('shows in no error and no line of the log, where it is wrong or nobody answers', async () => {
      const url = new URL(target.url);
      const nowhere = target.url.replace(`:${url.port}`, `:${await freePort()}`);
      for (const address of [target.url.replace(SECRET, `not${SECRET}`), nowhere]) {
        const app = await boot(address).catch((error: unknown) => error);
        expect(showsSecret(app instanceof Error ? app : undefined)).toBe(false);
        if (app instanceof Error) continue;
        const outcome = await application
          .get(LockService)
          .withLock('k', () => 'done')
          .catch((error: unknown) => error);
        // ZooKeeper knows no wrong password: who has another one is somebody else, who may not touch what is there.
        expect(outcome).toMatchObject({ code: 'LOCK_STORE' });
        expect(showsSecret(outcome)).toBe(false);
        await application.close();
      }
      expect(log.lines.length).toBeGreaterThan(0);
      expect(log.lines.join('\n')).not.toContain(SECRET);
    });
  });
});

function json(value: unknown): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return '';
  }
}
