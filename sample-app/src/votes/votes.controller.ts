import { Body, Controller, Get, Inject, Param, Post } from '@nestjs/common';
import { CurrentLock, DistributedLock, LockHandle } from 'nestjs-distributed-lock';
import type { Tally } from '../history/vote-history.js';
import { SETTINGS, type Settings } from '../settings.js';
import { ArrivedAt } from './arrived-at.js';
import { PollDto, VoteDto } from './vote.dto.js';
import { receiptOf, type VoteReceipt } from './vote-receipt.js';
import { VotesService } from './votes.service.js';

@Controller('votes')
export class VotesController {
  constructor(
    @Inject(VotesService) private readonly votes: VotesService,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** The lock is on the service's method. */
  @Post()
  async vote(@Body() { userSeq, voteSeq }: VoteDto, @ArrivedAt() arrivedAtMs: number): Promise<VoteReceipt> {
    const cast = await this.votes.vote(userSeq, voteSeq);
    return receiptOf(cast, arrivedAtMs, this.settings.instance);
  }

  /** The lock is on the handler, taken after the validation, and of the same key. */
  @Post('handler')
  @DistributedLock('vote:#<vote.userSeq>')
  async voteInHandler(
    @Body() vote: VoteDto,
    @ArrivedAt() arrivedAtMs: number,
    @CurrentLock() lock: LockHandle,
  ): Promise<VoteReceipt> {
    const cast = await this.votes.lookThenInsert(vote, lock);
    return receiptOf(cast, arrivedAtMs, this.settings.instance);
  }

  /** No lock: the race, to see it lose. */
  @Post('unprotected')
  async voteUnprotected(@Body() vote: VoteDto, @ArrivedAt() arrivedAtMs: number): Promise<VoteReceipt> {
    const cast = await this.votes.lookThenInsert(vote);
    return receiptOf(cast, arrivedAtMs, this.settings.instance);
  }

  @Get(':voteSeq')
  tally(@Param() { voteSeq }: PollDto): Promise<Tally> {
    return this.votes.tally(voteSeq);
  }
}
