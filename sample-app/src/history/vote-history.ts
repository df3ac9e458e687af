/** One voter's vote in one poll. */
export interface Vote {
  readonly userSeq: number;
  readonly voteSeq: number;
}

/** A vote as it stands in the history. */
export interface RecordedVote extends Vote {
  /** Of the lock under which it was written; null where there was none. */
  readonly fencingToken: number | null;
  /** The instance that wrote it. */
  readonly instance: string;
}

/** The result of a poll. Without a lost race `votes` and `voters` are the same number. */
export interface Tally {
  readonly voteSeq: number;
  readonly votes: number;
  readonly voters: number;
  readonly duplicates: number;
}

/**
 * Where votes are kept.
 *
 * On purpose it has no unique index, no transaction and no insert that looks first: one vote per voter and poll is what
 * the lock is for. A table of your own should have the index as well.
 */
export interface VoteHistory {
  /** For the log and `GET /health`. */
  readonly name: 'file' | 'postgres';
  hasVoted(vote: Vote): Promise<boolean>;
  insert(vote: RecordedVote): Promise<void>;
  tally(voteSeq: number): Promise<Tally>;
  /** Every row of a poll, in the order of writing. */
  votesOf(voteSeq: number): Promise<RecordedVote[]>;
  /** Nest closes it after the last request was answered. */
  onApplicationShutdown(): Promise<void>;
}

/** The token of the {@link VoteHistory}. */
export const VOTE_HISTORY = Symbol('vote history');
