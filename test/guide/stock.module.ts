import { Controller, Inject, Module, Param, Post } from '@nestjs/common';
import { DistributedLock, DistributedLockModule } from 'nestjs-distributed-lock';
import { storeFromUrl } from 'nestjs-distributed-lock/url';
import { StockService, StockTable } from './stock.service.js';

/** Forgets everything when the application ends; yours does not. */
class TableInMemory extends StockTable {
  private readonly rows = new Map<string, number>();

  async left(item: string): Promise<number> {
    return this.rows.get(item) ?? 0;
  }

  async setLeft(item: string, left: number): Promise<void> {
    this.rows.set(item, left);
  }
}

@Controller('stock')
export class StockController {
  constructor(@Inject(StockService) private readonly stock: StockService) {}

  @Post(':item')
  @DistributedLock('sale:#<item>')
  async sell(@Param('item') item: string): Promise<{ sold: boolean }> {
    return { sold: await this.stock.take(item, 1) };
  }
}

@Module({
  controllers: [StockController],
  imports: [
    DistributedLockModule.forRootAsync({
      useFactory: async () => ({ store: await storeFromUrl(process.env['LOCK_URL'] ?? 'redis://localhost') }),
    }),
  ],
  providers: [StockService, { provide: StockTable, useClass: TableInMemory }],
})
export class StockModule {}
