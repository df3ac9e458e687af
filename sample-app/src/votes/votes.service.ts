import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { CurrentLock, DistributedLock, LockHandle } from 'nestjs-distributed-lock';
import { type Tally, type Vote, VOTE_HISTORY, type VoteHistory } from '../history/vote-history.js';
import { SETTINGS, type Settings } from '../settings.js';
import type { CastVote } from './vote-receipt.js';

@Injectable()
export class VotesService {
  constructor(
    @Inject(VOTE_HISTORY) private readonly history: VoteHistory,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** One vote per voter and poll, also where the same voter asks several instances at once. */
  @DistributedLock('vote:#<userSeq>')
  async vote(userSeq: number, voteSeq: number, @CurrentLock() lock?: LockHandle): Promise<CastVote> {
    return this.lookThenInsert({ userSeq, voteSeq }, lock);
  }

  /** Looks, then inserts: a race, unless the caller has the voter's lock. */
  async lookThenInsert(vote: Vote, lock?: LockHandle): Promise<CastVote> {
    const beganAtMs = performance.now();
    const result = (await this.history.hasVoted(vote)) ? 'already-voted' : 'voted';
    const fencingToken = lock?.fencingToken ?? null;
    if (result === 'voted') {
      await sleep(this.settings.workMs);
      // A lease may have run out while we were busy: do not write then.
      lock?.assertHeld();
      await this.history.insert({ ...vote, fencingToken, instance: this.settings.instance });
    }
    return { result, fencingToken, beganAtMs, endedAtMs: performance.now() };
  }

  tally(voteSeq: number): Promise<Tally> {
    return this.history.tally(voteSeq);
  }
}
