import { afterEach, describe, expect, it } from '@jest/globals';
import { postgresStore } from '../../lib/stores/postgres/index.js';
import { LockRuntime } from '../../lib/core/lock-runtime.js';
import type { LockStore } from '../../lib/line/store.js';
import { openSession } from '../support/open-session.js';
import { PostgresServer } from '../support/postgres-server.js';
import { until } from '../support/until.js';
import { describeSqlServer } from './sql-scenarios.js';
import { sqlPostgres } from './sql-postgres.js';

describeSqlServer(sqlPostgres);

describe('a store on a PostgreSQL standby', () => {
  const servers: PostgresServer[] = [];
  const runtimes: LockRuntime[] = [];

  afterEach(async () => {
    await Promise.all(runtimes.splice(0).map((runtime) => runtime.shutdown()));
    await Promise.all(servers.splice(0).map((server) => server.stop()));
  });

  async function pair(): Promise<[PostgresServer, PostgresServer]> {
    const primary = await PostgresServer.start();
    servers.push(primary);
    // So the table is there before the copy is made.
    await (await openSession(postgresStore({ url: primary.url }))).close();
    const standby = await primary.standby();
    servers.push(standby);
    return [primary, standby];
  }

  async function client(store: LockStore): Promise<LockRuntime> {
    const times = { waitMs: 60_000, watchdogMs: 10_000, shutdownMs: 0 };
    const runtime = new LockRuntime({ store, namespace: 'sql', ...times });
    runtimes.push(runtime);
    await runtime.start();
    return runtime;
  }

  it('says that it is read-only; once that is promoted who waited is granted, and tokens grow', async () => {
    const [primary, standby] = await pair();
    const store = postgresStore({ url: standby.url });
    const [before, after] = [await client(postgresStore({ url: primary.url })), await client(store)];
    expect(store.capabilities.wakeUp).toBe('poll');
    const held = await before.acquire('moved', { leaseTime: '2s' });
    await until('the standby knows it', async () => (await after.inspect('moved')).holders.length === 1);
    const readOnly = {
      code: 'LOCK_STORE',
      isTransient: true,
      message: expect.stringContaining('It is read-only: name the primary'),
    };
    await expect(after.tryAcquire('moved')).rejects.toMatchObject(readOnly);
    await expect(after.tryAcquire('free')).rejects.toMatchObject(readOnly);
    const unmade = postgresStore({ url: standby.url, table: 'elsewhere' });
    await expect(openSession(unmade)).rejects.toMatchObject(readOnly);
    // LISTEN is refused on a standby.
    const deaf = postgresStore({ url: primary.url, listenUrl: standby.url });
    await expect(openSession(deaf)).rejects.toMatchObject(readOnly);
    const waiting = after.acquire('moved');
    await primary.kill();
    await standby.promote();
    const next = await waiting;
    expect(held.isHeld).toBe(false);
    expect(next.fencingToken).toBeGreaterThan(held.fencingToken);
    await until('it hears', () => store.capabilities.wakeUp === 'message');
    await next.release();
  });
});
