import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { type Client, createClient, type InArgs, type ResultSet } from '@libsql/client';
import type { RecordedVote, Tally, Vote, VoteHistory } from './vote-history.js';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS vote_history (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_seq INTEGER NOT NULL,
    vote_seq INTEGER NOT NULL,
    fencing_token INTEGER,
    instance TEXT NOT NULL
  )`;
const INDEX = 'CREATE INDEX IF NOT EXISTS vote_history_by_poll ON vote_history (vote_seq, user_seq)';

/** The history in a file that several processes on one machine share. */
export class FileHistory implements VoteHistory {
  readonly name = 'file';

  private constructor(private readonly client: Client) {}

  /** Opens the file, making it and its folder where they are missing. */
  static async open(path: string): Promise<FileHistory> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const { href: url } = pathToFileURL(resolve(path));
    // Another process may be writing, a few milliseconds at most: wait for it.
    const client = createClient({ url, timeout: 5_000, concurrency: 1 });
    // Readers and the writer do not wait for each other; a power cut may cost the last votes, never the file.
    await client.execute('PRAGMA journal_mode = WAL');
    await client.execute('PRAGMA synchronous = NORMAL');
    await client.execute(SCHEMA);
    await client.execute(INDEX);
    return new FileHistory(client);
  }

  async hasVoted({ userSeq, voteSeq }: Vote): Promise<boolean> {
    const { rows } = await this.run(
      'SELECT 1 FROM vote_history WHERE vote_seq = ? AND user_seq = ? LIMIT 1',
      [voteSeq, userSeq],
    );
    return rows.length > 0;
  }

  async insert({ userSeq, voteSeq, fencingToken, instance }: RecordedVote): Promise<void> {
    await this.run(
      'INSERT INTO vote_history (user_seq, vote_seq, fencing_token, instance) VALUES (?, ?, ?, ?)',
      [userSeq, voteSeq, fencingToken, instance],
    );
  }

  async tally(voteSeq: number): Promise<Tally> {
    const { rows } = await this.run(
      'SELECT COUNT(*) AS votes, COUNT(DISTINCT user_seq) AS voters FROM vote_history WHERE vote_seq = ?',
      [voteSeq],
    );
    const votes = Number(rows[0]?.['votes']);
    const voters = Number(rows[0]?.['voters']);
    return { voteSeq, votes, voters, duplicates: votes - voters };
  }

  async votesOf(voteSeq: number): Promise<RecordedVote[]> {
    const { rows } = await this.run(
      'SELECT user_seq, fencing_token, instance FROM vote_history WHERE vote_seq = ? ORDER BY id',
      [voteSeq],
    );
    return rows.map((row) => ({
      voteSeq,
      userSeq: Number(row['user_seq']),
      fencingToken: row['fencing_token'] === null ? null : Number(row['fencing_token']),
      instance: row['instance'] as string,
    }));
  }

  async onApplicationShutdown(): Promise<void> {
    this.client.close();
  }

  // The embedded database answers in the same turn of the event loop. A server would not, and other requests would run
  // meanwhile: let them.
  private async run(sql: string, args: InArgs): Promise<ResultSet> {
    const result = await this.client.execute({ sql, args });
    await nextTurn();
    return result;
  }
}
