import { setTimeout as pause } from 'node:timers/promises';
import { Controller, Param, Post } from '@nestjs/common';
import { CurrentLock, DistributedLock, LockHandle } from 'nestjs-distributed-lock';

@Controller('votes')
export class VotesController {
  private inside = 0;

  @Post(':userSeq')
  @DistributedLock('vote:#<userSeq>')
  async vote(
    @Param('userSeq') userSeq: string,
    @CurrentLock() lock: LockHandle,
  ): Promise<{ userSeq: string; inside: number; fencingToken: number }> {
    this.inside += 1;
    await pause(2);
    const inside = this.inside;
    this.inside -= 1;
    return { userSeq, inside, fencingToken: lock.fencingToken };
  }
}
