// Compiled, never run: what may be decorated, and what the compiler refuses.
import { Controller, Post, type StreamableFile, UseInterceptors } from '@nestjs/common';
import {
  CurrentLock,
  DistributedLock,
  DistributedLockInterceptor,
  type DistributedLockOptions,
  type KeyFunction,
  type Lockable,
  LockHandle,
  LockKey,
} from 'nestjs-distributed-lock';
import type { Observable } from 'rxjs';

interface Vote {
  readonly userSeq: number;
  readonly choice: string;
}

const whole: DistributedLockOptions = {
  waitTime: '3s',
  leaseTime: 10_000,
  mode: 'exclusive',
  fair: true,
  minHoldTime: '1s',
  store: 'orders',
  whenBusy: 'skip',
  holdUntil: 'response',
};
export const byUser: KeyFunction = (vote: Vote) => `vote:${vote.userSeq}`;
export const anything: Lockable = Promise.resolve();

@Controller()
@UseInterceptors(DistributedLockInterceptor)
export class Accepted {
  @Post()
  @DistributedLock('vote:#<vote.userSeq>', whole)
  async vote(vote: Vote, @CurrentLock() lock?: LockHandle): Promise<number> {
    return Promise.resolve(lock?.fencingToken ?? vote.userSeq);
  }

  @DistributedLock(['from:#<from>', 'to:#<to>'], { waitTime: 0 })
  async move(@LockKey('from') from: string, @LockKey('to') to: string): Promise<string> {
    return Promise.resolve(from + to);
  }

  @DistributedLock('#<0>')
  watch(key: string): Observable<string> {
    throw new Error(key);
  }

  @DistributedLock('all')
  async *each(): AsyncGenerator<number> {
    yield await Promise.resolve(1);
  }

  @DistributedLock('file')
  async file(): Promise<StreamableFile> {
    return Promise.reject(new Error('none'));
  }

  @DistributedLock((vote: Vote) => `vote:${vote.userSeq}`)
  async typed(vote: Vote, other: number): Promise<number> {
    return Promise.resolve(vote.userSeq + other);
  }

  @DistributedLock(() => ['a', 'b'], { whenBusy: () => 'later' })
  async constant(vote: Vote): Promise<string> {
    return Promise.resolve(vote.choice);
  }

  @DistributedLock('pool', { permits: 3, weight: 2, whenBusy: 'throw', holdUntil: 'result' })
  private async inner(): Promise<void> {
    await this.inner();
  }
}

export class Refused {
  // @ts-expect-error a synchronous method cannot wait for a lock
  @DistributedLock('a')
  synchronous(): number {
    return 1;
  }

  // @ts-expect-error a method that returns nothing cannot wait for a lock
  @DistributedLock('a')
  nothing(): void {}

  // @ts-expect-error a synchronous generator cannot wait for a lock
  @DistributedLock('a')
  *numbers(): Generator<number> {
    yield 1;
  }

  // @ts-expect-error a property is no method
  @DistributedLock('a')
  property = async (): Promise<void> => Promise.resolve();

  // @ts-expect-error an accessor is no method
  @DistributedLock('a')
  get accessor(): number {
    return 1;
  }

  // @ts-expect-error the key function's parameter is not the method's
  @DistributedLock((userSeq: number) => `vote:${userSeq}`)
  async otherType(userSeq: string): Promise<string> {
    return Promise.resolve(userSeq);
  }

  // @ts-expect-error the key function wants more than the method has
  @DistributedLock((a: string, b: string) => a + b)
  async fewer(a: string): Promise<string> {
    return Promise.resolve(a);
  }

  // @ts-expect-error a key is a text
  @DistributedLock(7)
  async numberAsKey(): Promise<void> {}

  // @ts-expect-error a key function answers a text
  @DistributedLock((a: number) => a)
  async numberFromKeyFunction(a: number): Promise<number> {
    return Promise.resolve(a);
  }

  // @ts-expect-error a decorated method has no caller's signal
  @DistributedLock('a', { signal: AbortSignal.timeout(1) })
  async withSignal(): Promise<void> {}

  // @ts-expect-error not one of the three answers to "busy"
  @DistributedLock('a', { whenBusy: 'wait' })
  async badWhenBusy(): Promise<void> {}

  // @ts-expect-error not one of the two ends
  @DistributedLock('a', { holdUntil: 'forever' })
  async badHoldUntil(): Promise<void> {}

  // @ts-expect-error an option of another library
  @DistributedLock('a', { ttl: 1000 })
  async unknownOption(): Promise<void> {}
}

// @ts-expect-error nobody constructs a handle
export const made = new LockHandle();
// @ts-expect-error a name is a text
export const badName = LockKey(0);
