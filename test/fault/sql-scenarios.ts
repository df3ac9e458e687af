import { describe, expect, it } from '@jest/globals';
import type { LockOptions } from '../../lib/core/lock-options.js';
import type { LockRuntime } from '../../lib/core/lock-runtime.js';
import { type OpenSession, requestFor } from '../support/open-session.js';
import { until } from '../support/until.js';
import type { SqlBackEnd, SqlServer } from './sql-back-end.js';
import { SqlStage } from './sql-stage.js';

/** So many requests meet in each race, and so many races are run. */
const RACERS = 8;
const RACES = 400;

/**
 * What every SQL store keeps, whatever its server and its administrator do.
 *
 * @param more what only this one keeps, on the same server
 */
export function describeSqlServer<Server extends SqlServer>(
  backEnd: SqlBackEnd<Server>,
  more: (stage: SqlStage<Server>) => void = () => undefined,
): void {
  describe(`a store in ${backEnd.name}`, () => {
    const stage = SqlStage.of(backEnd);
    outlivesConnections(stage);
    saysWhatIsWrong(stage, backEnd.spoils);
    tellsWhoIsInTheWay(stage);
    isRightBesideTransactions(stage);
    more(stage);
  });
}

function outlivesConnections<Server extends SqlServer>(stage: SqlStage<Server>): void {
  const { backEnd } = stage;

  it('fails nobody when the server ends the connections of its pool, idle or not', async () => {
    const client = await stage.client((await stage.place()).url);
    const held = await client.acquire('kept');
    await crowd(client, { waitTime: 0 });
    expect(await backEnd.strike(stage.server, 'end', 'all')).toBeGreaterThan(5);
    await crowd(client, { waitTime: 0 });
    const [struck] = await Promise.all([backEnd.strike(stage.server, 'end', 'all'), crowd(client)]);
    expect(struck).toBeGreaterThan(5);
    expect((await client.inspect('kept')).holders).toMatchObject([{ fencingToken: held.fencingToken }]);
    await held.release();
    expect(held.signal.aborted).toBe(false);
  });

  it.each(['end', 'cancel'] as const)('asks again where the server did %s what it was asked', async (how) => {
    const place = await stage.place();
    const client = await stage.client(place.url);
    await client.withLock('row', () => undefined);
    const keeper = await backEnd.keepRows(stage.server, place.database);
    const asked = client.acquire('row');
    await until('it waits for the row, and is struck', () => backEnd.strike(stage.server, how, 'blocked'));
    await keeper.rollback();
    const handle = await asked;
    expect((await client.inspect('row')).holders).toMatchObject([{ fencingToken: handle.fencingToken }]);
  });
}

function saysWhatIsWrong<Server extends SqlServer>(
  stage: SqlStage<Server>,
  spoils: SqlBackEnd['spoils'],
): void {
  it.each(spoils)('says that $what, and runs nothing', async ({ statements, advice, heals }) => {
    const place = await stage.place();
    const client = await stage.client(place.url);
    await client.withLock('before', () => undefined);
    await stage.administer(place, ...statements);
    // Some servers look at rights once for each connection.
    await stage.backEnd.strike(stage.server, 'end', 'all');
    let runs = 0;
    const failed = client.withLock('after', () => runs++);
    await expect(failed).rejects.toMatchObject({
      code: 'LOCK_STORE',
      isTransient: false,
      key: 'after',
      message: expect.stringContaining(advice),
    });
    expect(runs).toBe(0);
    const anew = async (): Promise<boolean> => (await stage.client(place.url)).withLock('after', () => true);
    expect(await anew().catch(() => false)).toBe(heals);
  });
}

function tellsWhoIsInTheWay<Server extends SqlServer>(stage: SqlStage<Server>): void {
  it('says that a transaction keeps the row, where one does, and serves when it has ended', async () => {
    const place = await stage.place();
    const client = await stage.client(place.url);
    await client.withLock('row', () => undefined);
    const keeper = await stage.backEnd.keepRows(stage.server, place.database);
    // The server waits for two seconds each time.
    await expect(client.acquire('row', { waitTime: 3_000 })).rejects.toMatchObject({
      code: 'LOCK_STORE',
      isTransient: true,
      message: expect.stringContaining('A transaction has held the row'),
    });
    await keeper.rollback();
    expect((await client.acquire('row')).isHeld).toBe(true);
  });
}

function isRightBesideTransactions<Server extends SqlServer>(stage: SqlStage<Server>): void {
  it('grants once in each race, beside a stale transaction on a connection of the same pool', async () => {
    const { url } = await stage.place();
    const outside = await stage.session(url);
    const stale = await stage.backEnd.stalePool(url, RACERS);
    try {
      const racers: OpenSession[] = [];
      for (let index = 0; index < RACERS; index++) {
        racers.push(index % 2 === 0 ? await stage.session(stale.store) : await stage.session(url));
      }
      let last = 0;
      for (let race = 0; race < RACES; race++) last = await expectOneWinner(racers, last);
      await expectLeaseToEnd(racers[0]!, outside, last);
    } finally {
      await stage.clear();
      await stale.end();
    }
  });
}

/** More at once than there are connections. */
async function crowd(client: LockRuntime, options: LockOptions = {}): Promise<void> {
  const keys = Array.from({ length: 20 }, (_, at) => `crowd:${at}`);
  const handles = await Promise.all(keys.map((key) => client.acquire(key, options)));
  expect(handles.map(({ isHeld }) => isHeld)).toEqual(keys.map(() => true));
  await Promise.all(handles.map((handle) => handle.release()));
}

/** @returns the token of the one who held */
async function expectOneWinner(racers: readonly OpenSession[], last: number): Promise<number> {
  const requests = racers.map(() => requestFor('race', { takesPlace: false }));
  const replies = await Promise.all(racers.map((racer, at) => racer.acquire(requests[at]!)));
  const winners = replies.flatMap((reply, at) =>
    reply.kind === 'held' ? [{ at, ...reply.grants[0]! }] : [],
  );
  expect(winners).toHaveLength(1);
  const { at, token } = winners[0]!;
  expect(token).toBeGreaterThan(last);
  const { keys, owner } = requests[at]!;
  await racers[at]!.release({ keys, owner, refuses: false, keepMs: 0 });
  return token;
}

/** A lease that ended by the clock is free, and one that did not is not, however old the transaction beside it is. */
async function expectLeaseToEnd(inside: OpenSession, outside: OpenSession, last: number): Promise<void> {
  const first = requestFor('race', { leaseMs: 200, takesPlace: false });
  expect((await outside.acquire(first)).kind).toBe('held');
  const next = requestFor('race', { takesPlace: false });
  expect((await inside.acquire(next)).kind).toBe('busy');
  const reply = await until('the lease has ended', async () => {
    const one = await inside.acquire(next);
    return one.kind === 'held' && one;
  });
  expect(reply.grants[0]!.token).toBeGreaterThan(last);
}
