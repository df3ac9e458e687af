/** What the service did with a vote. */
export interface CastVote {
  readonly result: 'voted' | 'already-voted';
  /** Of the lock under which it was done; null without one. */
  readonly fencingToken: number | null;
  /** When the service had the lock and began, and when it was done; on the monotonic clock, in milliseconds. */
  readonly beganAtMs: number;
  readonly endedAtMs: number;
}

/** The answer to a vote. */
export interface VoteReceipt {
  readonly result: 'voted' | 'already-voted';
  readonly message: string;
  readonly fencingToken: number | null;
  /** From the arrival of the request until it had the lock; 0 without one. */
  readonly waitedMs: number;
  /** How long the vote was worked on under the lock; 0 without one. */
  readonly heldMs: number;
  readonly instance: string;
}

const MESSAGES = { voted: '투표 성공!', 'already-voted': '이미 투표했습니다.' } as const;

export function receiptOf(cast: CastVote, arrivedAtMs: number, instance: string): VoteReceipt {
  const isLocked = cast.fencingToken !== null;
  return {
    result: cast.result,
    message: MESSAGES[cast.result],
    fencingToken: cast.fencingToken,
    waitedMs: isLocked ? toMicroseconds(cast.beganAtMs - arrivedAtMs) : 0,
    heldMs: isLocked ? toMicroseconds(cast.endedAtMs - cast.beganAtMs) : 0,
    instance,
  };
}

function toMicroseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
