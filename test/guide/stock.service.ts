import { Inject, Injectable } from '@nestjs/common';
import { CurrentLock, DistributedLock, LockHandle } from 'nestjs-distributed-lock';

/** What the service works on; a database in the application, a fake in its tests. */
export abstract class StockTable {
  abstract left(item: string): Promise<number>;
  abstract setLeft(item: string, left: number): Promise<void>;
}

@Injectable()
export class StockService {
  constructor(@Inject(StockTable) private readonly table: StockTable) {}

  @DistributedLock('stock:#<item>', { waitTime: '2s' })
  async take(item: string, amount: number, @CurrentLock() lock?: LockHandle): Promise<boolean> {
    const left = await this.table.left(item);
    if (left < amount) return false;
    lock?.assertHeld();
    await this.table.setLeft(item, left - amount);
    return true;
  }

  @DistributedLock('count', { whenBusy: () => 'being counted' })
  async count(): Promise<string> {
    return `${await this.table.left('pen')} pens`;
  }
}
