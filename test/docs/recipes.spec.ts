import { createClient, type InValue } from '@libsql/client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Type } from '@nestjs/common';
import { SchedulerRegistry, ScheduleModule } from '@nestjs/schedule';
import { isLockError, LockService, memoryStore } from 'nestjs-distributed-lock';
import { Pool } from 'pg';
import { Workspace } from '../support/doc-pages.js';
import { until } from '../support/until.js';
import { boot, closeAll, turn } from './stage.js';

type Abstract = Type<unknown>;

let workspace: Workspace;
beforeAll(async () => {
  workspace = await Workspace.of(['docs/recipes.md']);
});
afterAll(() => workspace.remove());
afterEach(closeAll);

const load = <T>(name: string): Promise<T> => workspace.load<T>(`recipes/${name}`);

/** A provider of the reader's own, whose calls give way to others in the middle, as a database does. */
const own = (provide: Abstract, useValue: object) => ({ provide, useValue });

describe('the recipe', () => {
  it('of one vote counts it once', async () => {
    interface Votes {
      vote(poll: string, voter: string): Promise<string>;
    }
    const { VotesService, VoteTable } = await load<{ VotesService: Type<Votes>; VoteTable: Abstract }>(
      'votes.service.ts',
    );
    const rows: string[] = [];
    const table = {
      has: async (poll: string, voter: string) => {
        const found = rows.includes(`${poll}/${voter}`);
        await turn();
        return found;
      },
      add: async (poll: string, voter: string) => void rows.push(`${poll}/${voter}`),
    };
    const application = await boot({ providers: [VotesService, own(VoteTable, table)] });
    const votes = application.get(VotesService);
    const answers = await Promise.all([1, 2, 3].flatMap(() => [votes.vote('p', 'a'), votes.vote('p', 'b')]));
    expect(answers.filter((answer) => answer === 'counted')).toHaveLength(2);
    expect(rows.toSorted()).toEqual(['p/a', 'p/b']);
  });

  it('of the stock sells no more than there is', async () => {
    interface Stock {
      reserve(order: { item: string; amount: number }): Promise<boolean>;
    }
    const { StockService, Warehouse } = await load<{ StockService: Type<Stock>; Warehouse: Abstract }>(
      'stock.service.ts',
    );
    let left = 5;
    const warehouse = {
      left: async () => {
        const seen = left;
        await turn();
        return seen;
      },
      setLeft: async (_: string, now: number) => void (left = now),
    };
    const application = await boot({ providers: [StockService, own(Warehouse, warehouse)] });
    const stock = application.get(StockService);
    const sold = await Promise.all([1, 2, 3, 4].map(() => stock.reserve({ item: 'pen', amount: 2 })));
    expect(sold.filter(Boolean)).toHaveLength(2);
    expect(left).toBe(1);
  });

  it('of transfers lets two that cross each other both go through', async () => {
    interface Transfers {
      transfer(from: string, to: string, move: () => Promise<void>): Promise<void>;
    }
    const { TransfersService } = await load<{ TransfersService: Type<Transfers> }>('transfers.service.ts');
    const application = await boot({ providers: [TransfersService] });
    const transfers = application.get(TransfersService);
    let [inside, most, done] = [0, 0, 0];
    const move = async (): Promise<void> => {
      most = Math.max(most, ++inside);
      await turn();
      inside--;
      done++;
    };
    await Promise.all([transfers.transfer('a', 'b', move), transfers.transfer('b', 'a', move)]);
    expect([most, done]).toEqual([1, 2]);
  });

  it('of a cron does the work on one node, and not again where a clock is late', async () => {
    interface Report {
      send(): Promise<void>;
    }
    const { ReportCron, Reports } = await load<{ ReportCron: Type<Report>; Reports: Abstract }>(
      'report.cron.ts',
    );
    let sent = 0;
    const reports = { send: async () => void sent++ };
    const store = memoryStore();
    const parts = { imports: [ScheduleModule.forRoot()], providers: [ReportCron, own(Reports, reports)] };
    const [first, second] = [await boot(parts, store), await boot(parts, store)];
    await first.get(SchedulerRegistry, { strict: false }).getCronJob('report').fireOnTick();
    const locks = second.get(LockService);
    // Released, and kept for the rest of its minHoldTime.
    await until('the first is done', async () => {
      const [holder] = (await locks.inspect('cron:report')).holders;
      return sent === 1 && holder?.owner === '';
    });
    await second.get(ReportCron).send();
    await Promise.all([first, second].map((node) => node.get(ReportCron).send()));
    expect(sent).toBe(1);
  });

  it('of a consumer books what is delivered twice once', async () => {
    interface Consumer {
      onPayment(payment: { id: string; cents: number }): Promise<string>;
    }
    const { PaymentsConsumer, Ledger } = await load<{ PaymentsConsumer: Type<Consumer>; Ledger: Abstract }>(
      'payments.consumer.ts',
    );
    const booked: string[] = [];
    const ledger = {
      isBooked: async (id: string) => {
        const found = booked.includes(id);
        await turn();
        return found;
      },
      book: async ({ id }: { id: string }) => void booked.push(id),
    };
    const application = await boot({ providers: [PaymentsConsumer, own(Ledger, ledger)] });
    const consumer = application.get(PaymentsConsumer);
    const payment = { id: '7', cents: 100 };
    expect(await Promise.all([consumer.onPayment(payment), consumer.onPayment(payment)])).toEqual([
      'booked',
      'booked before',
    ]);
    expect(booked).toEqual(['7']);
  });

  it('of a leader has one at a time, and the next one when it goes', async () => {
    const { Leader, LeaderWork } = await load<{ Leader: Abstract; LeaderWork: Abstract }>('leader.ts');
    const leading = new Set<string>();
    const work = (name: string) => ({
      run: (signal: AbortSignal) =>
        new Promise<void>((resolve) => {
          leading.add(name);
          signal.addEventListener('abort', () => {
            leading.delete(name);
            resolve();
          });
        }),
    });
    const store = memoryStore();
    const node = (name: string) => boot({ providers: [Leader, own(LeaderWork, work(name))] }, store);
    const first = await node('first');
    await until('the first leads', () => leading.has('first'));
    const second = await node('second');
    await until(
      'the second waits',
      async () => (await second.get(LockService).inspect('leader')).waiters === 1,
    );
    expect([...leading]).toEqual(['first']);
    await first.close();
    await until('the second leads', () => leading.has('second'));
    expect([...leading]).toEqual(['second']);
  });

  it('of a long job stops writing when its lock is lost', async () => {
    interface Export {
      run(): Promise<string>;
    }
    const { ExportService, Pages } = await load<{ ExportService: Type<Export>; Pages: Abstract }>(
      'export.service.ts',
    );
    const written: number[] = [];
    let beforePage: (number: number) => Promise<void> = async () => undefined;
    const pages = {
      read: async (number: number) => {
        await beforePage(number);
        return number < 3 ? 'text' : undefined;
      },
      write: async (number: number) => void written.push(number),
    };
    const application = await boot({ providers: [ExportService, own(Pages, pages)] });
    const [service, locks] = [application.get(ExportService), application.get(LockService)];
    await expect(service.run()).resolves.toBe('3 pages');
    beforePage = async (number) => {
      if (number !== 1) return;
      const { signal } = locks.current('export')!;
      await locks.forceRelease('export');
      await until('it is told', () => signal.aborted);
    };
    await expect(service.run()).rejects.toMatchObject({ code: 'LOCK_LOST' });
    expect(written).toEqual([0, 1, 2, 0]);
    const other = await locks.acquire('export');
    await expect(service.run()).resolves.toBe('running already');
    await other.release();
  });

  it('of a semaphore lets three in, and a big one for two', async () => {
    interface Render {
      render(isBig: boolean, work: () => Promise<void>): Promise<void>;
    }
    const { RenderService } = await load<{ RenderService: Type<Render> }>('render.service.ts');
    const service = (await boot({ providers: [RenderService] })).get(RenderService);
    let [inside, most] = [0, 0];
    const work = (weight: number) => async (): Promise<void> => {
      inside += weight;
      most = Math.max(most, inside);
      await turn();
      inside -= weight;
    };
    const jobs = [false, true, false, true, false, false].map((isBig) =>
      service.render(isBig, work(isBig ? 2 : 1)),
    );
    await Promise.all(jobs);
    expect(most).toBe(3);
  });

  it('that answers at once calls the function with the arguments', async () => {
    interface Imports {
      start(tenant: string): Promise<string>;
    }
    const { ImportsController } = await load<{ ImportsController: Type<Imports> }>('imports.controller.ts');
    const application = await boot({ controllers: [ImportsController] });
    const imports = application.get(ImportsController);
    const lock = await application.get(LockService).acquire('import:acme');
    await expect(imports.start('acme')).resolves.toBe('acme is being imported');
    await lock.release();
    await expect(imports.start('acme')).resolves.toBe('acme was imported');
  });
});

describe('the recipes in SQL', () => {
  const database = createClient({ url: ':memory:' });
  afterAll(() => database.close());
  /** As pg answers, on a database that needs no server. */
  const query = async (sql: string, args: InValue[] = []): Promise<{ rows: unknown[]; rowCount: number }> => {
    const { rows, rowsAffected } = await database.execute({ sql: sql.replaceAll(/\$(\d)/g, '?$1'), args });
    return { rows, rowCount: rowsAffected };
  };

  it('refuse the smaller token where one row is written', async () => {
    interface Prices {
      setPrice(item: string, cents: number, fencingToken: number): Promise<boolean>;
    }
    const { PricesRepository } = await load<{ PricesRepository: new (pool: object) => Prices }>(
      'prices.repository.ts',
    );
    await query('CREATE TABLE prices (item text, cents int, fencing_token bigint)');
    await query(`INSERT INTO prices VALUES ('pen', 1, 0)`);
    const prices = new PricesRepository({ query });
    expect(await prices.setPrice('pen', 2, 64)).toBe(true);
    expect(await prices.setPrice('pen', 4, 128)).toBe(true);
    expect(await prices.setPrice('pen', 3, 64)).toBe(false);
    expect((await query('SELECT cents FROM prices')).rows).toMatchObject([{ cents: 4 }]);
  });

  it('refuse the smaller token by a table of fences', async () => {
    const { passFence } = await load<{
      passFence(transaction: object, name: string, token: number): Promise<void>;
    }>('fence.ts');
    await query('CREATE TABLE fences (name text PRIMARY KEY, token bigint NOT NULL)');
    for (const token of [64, 64, 128]) await passFence({ query }, 'report', token);
    await expect(passFence({ query }, 'report', 64)).rejects.toThrow('A later holder of report has written');
    await passFence({ query }, 'other', 64);
  });

  it('commit before the next one looks', async () => {
    interface Bookings {
      book(room: string, night: string): Promise<boolean>;
    }
    const { BookingsService } = await load<{ BookingsService: Type<Bookings> }>('bookings.service.ts');
    await query('CREATE TABLE bookings (room text, night text)');
    let [inTransaction, most] = [0, 0];
    const client = {
      query: async (sql: string, args: InValue[] = []) => {
        if (sql === 'BEGIN') most = Math.max(most, ++inTransaction);
        if (sql === 'COMMIT') inTransaction--;
        await turn();
        return /^(BEGIN|COMMIT|ROLLBACK)$/.test(sql) ? { rows: [] } : query(sql, args);
      },
      release: () => undefined,
    };
    const pool = { provide: Pool, useValue: { connect: async () => client } };
    const bookings = (await boot({ providers: [BookingsService, pool] })).get(BookingsService);
    const booked = await Promise.all([1, 2, 3].map(() => bookings.book('12', 'Monday')));
    expect(booked.filter(Boolean)).toHaveLength(1);
    expect(most).toBe(1);
  });
});

describe('a consumer that could not lock', () => {
  it('did nothing, and says so by an error that can be told from its own', async () => {
    const { PaymentsConsumer, Ledger } = await load<{ PaymentsConsumer: Type; Ledger: Abstract }>(
      'payments.consumer.ts',
    );
    const application = await boot({ providers: [PaymentsConsumer, own(Ledger, {})] });
    const consumer = application.get<{ onPayment(payment: object): Promise<string> }>(PaymentsConsumer);
    const failed = await consumer.onPayment({ cents: 1 }).catch((error: unknown) => error);
    expect(isLockError(failed) && failed.code).toBe('LOCK_KEY');
  });
});
