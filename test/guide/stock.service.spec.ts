import { afterEach, describe, expect, it } from '@jest/globals';
import { Test, type TestingModule } from '@nestjs/testing';
import { DistributedLockModule, type LockStore, memoryStore } from 'nestjs-distributed-lock';
import { manualClock, scriptedStore } from 'nestjs-distributed-lock/testing';
import { StockService, StockTable } from './stock.service.js';

/** Everything that is ready to run has run when it resolves. */
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Ten pens, and a pause in every look-up, in which an unlocked method would be overtaken. */
class FakeTable extends StockTable {
  pens = 10;
  beforeLook = turn;

  async left(): Promise<number> {
    const { pens } = this;
    await this.beforeLook();
    return pens;
  }

  async setLeft(_item: string, left: number): Promise<void> {
    this.pens = left;
  }
}

let application: TestingModule;
afterEach(() => application.close());

async function boot(store: LockStore, options: { clock?: ReturnType<typeof manualClock> } = {}) {
  const table = new FakeTable();
  application = await Test.createTestingModule({
    imports: [DistributedLockModule.forRoot({ store, ...options })],
    providers: [StockService, { provide: StockTable, useValue: table }],
  }).compile();
  await application.init();
  return { stock: application.get(StockService), table };
}

describe('the stock, on a store in memory', () => {
  it('gives no pen away twice', async () => {
    const { stock, table } = await boot(memoryStore());
    await Promise.all([1, 2, 3, 4].map(() => stock.take('pen', 1)));
    expect(table.pens).toBe(6);
  });
});

describe('the stock, where somebody else has the lock', () => {
  it('answers at once where it does not wait', async () => {
    const store = scriptedStore();
    const { stock } = await boot(store);
    store.busy('count');
    await expect(stock.count()).resolves.toBe('being counted');
    store.clear();
    await expect(stock.count()).resolves.toBe('10 pens');
  });

  it('gives up after two seconds, without having touched the table', async () => {
    const clock = manualClock();
    const store = scriptedStore({ clock });
    const { stock, table } = await boot(store, { clock });
    store.busy('stock:pen');
    const outcome = stock.take('pen', 1).catch((error: unknown) => error);
    await clock.advanceAsync(2_000);
    expect(await outcome).toMatchObject({ code: 'LOCK_TIMEOUT', status: 423 });
    expect(table.pens).toBe(10);
  });

  it('goes on when it is its turn', async () => {
    const store = scriptedStore();
    const { stock, table } = await boot(store);
    store.busy('stock:pen');
    const taken = stock.take('pen', 1);
    store.clear();
    await expect(taken).resolves.toBe(true);
    expect(table.pens).toBe(9);
  });
});

describe('the stock, where the store fails', () => {
  it('does nothing: down is not busy', async () => {
    const store = scriptedStore();
    const { stock, table } = await boot(store);
    store.fail(new Error('connection refused'));
    await expect(stock.count()).rejects.toMatchObject({ code: 'LOCK_STORE', status: 503 });
    expect(table.pens).toBe(10);
  });
});

describe('the stock, whose lock is lost in the middle', () => {
  it('writes nothing', async () => {
    const store = scriptedStore();
    const { stock, table } = await boot(store);
    table.beforeLook = async () => {
      store.lose('stock:pen');
      await turn();
    };
    await expect(stock.take('pen', 1)).rejects.toMatchObject({ code: 'LOCK_LOST' });
    expect(table.pens).toBe(10);
  });
});
