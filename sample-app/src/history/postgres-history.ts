import { Logger } from '@nestjs/common';
import pg from 'pg';
import type { RecordedVote, Tally, Vote, VoteHistory } from './vote-history.js';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS vote_history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_seq bigint NOT NULL,
    vote_seq bigint NOT NULL,
    fencing_token bigint,
    instance text NOT NULL
  );
  CREATE INDEX IF NOT EXISTS vote_history_by_poll ON vote_history (vote_seq, user_seq)`;

// Instances that boot at the same moment: IF NOT EXISTS is not atomic, the slower one gets one of these.
const MADE_BY_ANOTHER = new Set(['23505', '42P07', '42710']);

/** The history in PostgreSQL. */
export class PostgresHistory implements VoteHistory {
  readonly name = 'postgres';

  private constructor(private readonly pool: pg.Pool) {}

  /** Connects, and makes the table where it is missing. */
  static async open(url: string): Promise<PostgresHistory> {
    const pool = new pg.Pool({ connectionString: url, max: 10, connectionTimeoutMillis: 5_000 });
    // An idle connection that the server ended; the pool opens another one when it is needed.
    pool.on('error', (error) => new Logger('PostgresHistory').warn(error.message));
    try {
      await makeTable(pool);
    } catch (error) {
      await pool.end();
      throw error;
    }
    return new PostgresHistory(pool);
  }

  async hasVoted({ userSeq, voteSeq }: Vote): Promise<boolean> {
    const { rows } = await this.pool.query(
      'SELECT 1 FROM vote_history WHERE vote_seq = $1 AND user_seq = $2 LIMIT 1',
      [voteSeq, userSeq],
    );
    return rows.length > 0;
  }

  async insert({ userSeq, voteSeq, fencingToken, instance }: RecordedVote): Promise<void> {
    await this.pool.query(
      'INSERT INTO vote_history (user_seq, vote_seq, fencing_token, instance) VALUES ($1, $2, $3, $4)',
      [userSeq, voteSeq, fencingToken, instance],
    );
  }

  async tally(voteSeq: number): Promise<Tally> {
    const { rows } = await this.pool.query<{ votes: string; voters: string }>(
      'SELECT COUNT(*) AS votes, COUNT(DISTINCT user_seq) AS voters FROM vote_history WHERE vote_seq = $1',
      [voteSeq],
    );
    const votes = Number(rows[0]?.votes);
    const voters = Number(rows[0]?.voters);
    return { voteSeq, votes, voters, duplicates: votes - voters };
  }

  async votesOf(voteSeq: number): Promise<RecordedVote[]> {
    const { rows } = await this.pool.query<{
      user_seq: string;
      fencing_token: string | null;
      instance: string;
    }>('SELECT user_seq, fencing_token, instance FROM vote_history WHERE vote_seq = $1 ORDER BY id', [
      voteSeq,
    ]);
    return rows.map((row) => ({
      voteSeq,
      userSeq: Number(row.user_seq),
      fencingToken: row.fencing_token === null ? null : Number(row.fencing_token),
      instance: row.instance,
    }));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.pool.end();
  }
}

async function makeTable(pool: pg.Pool): Promise<void> {
  try {
    await pool.query(SCHEMA);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === undefined || !MADE_BY_ANOTHER.has(code)) throw error;
    // The statements ran as one transaction, which is undone: what the other did not make is still to be made.
    await pool.query(SCHEMA);
  }
}
