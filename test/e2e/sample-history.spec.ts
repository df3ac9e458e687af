import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openHistory } from '../../sample-app/src/history/open-history.js';
import type { VoteHistory } from '../../sample-app/src/history/vote-history.js';
import { type Database, SettingsError } from '../../sample-app/src/settings.js';

const vote = (userSeq: number, voteSeq: number, fencingToken: number | null = null) => ({
  userSeq,
  voteSeq,
  fencingToken,
  instance: 'one',
});

// PostgreSQL where the environment names one; the poll is a fresh one of each run.
const postgres = process.env['SAMPLE_TEST_POSTGRES_URL'];
const databases: [string, (folder: string) => Database][] = [
  ['file', (folder) => ({ kind: 'file', path: join(folder, 'a b', 'votes.db'), isDefault: false })],
];
if (postgres) databases.push(['postgres', () => ({ kind: 'postgres', url: postgres })]);

describe.each(databases)('the vote history in %s', (name, database) => {
  let folder: string;
  let one: VoteHistory;
  let other: VoteHistory;
  let poll: number;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sample-history-'));
    // At once, as instances that boot together do.
    [one, other] = await Promise.all([openHistory(database(folder)), openHistory(database(folder))]);
    poll = Math.floor(Math.random() * 2 ** 40) + 1;
  });

  afterEach(async () => {
    await Promise.all([one.onApplicationShutdown(), other.onApplicationShutdown()]);
    await rm(folder, { recursive: true });
  });

  it('finds at once what another process wrote', async () => {
    expect(one.name).toBe(name);
    expect(await other.hasVoted(vote(7, poll))).toBe(false);
    await one.insert(vote(7, poll));
    expect(await other.hasVoted(vote(7, poll))).toBe(true);
    expect(await other.hasVoted(vote(7, poll + 1))).toBe(false);
    expect(await other.hasVoted(vote(8, poll))).toBe(false);
  });

  it('takes a vote twice and tells so: keeping it single is the task of the lock', async () => {
    await one.insert(vote(7, poll));
    await other.insert(vote(7, poll));
    await other.insert(vote(8, poll));
    expect(await one.tally(poll)).toEqual({ voteSeq: poll, votes: 3, voters: 2, duplicates: 1 });
  });

  it('gives rows back as they were written, also the largest numbers', async () => {
    const rows = [vote(Number.MAX_SAFE_INTEGER, poll, Number.MAX_SAFE_INTEGER), vote(1, poll)];
    for (const row of rows) await one.insert(row);
    expect(await other.votesOf(poll)).toEqual(rows);
  });

  it('takes writes from all sides at once', async () => {
    const votes = Array.from({ length: 200 }, (_, index) => vote(index + 1, poll));
    await Promise.all(votes.map((row, index) => (index % 2 === 0 ? one : other).insert(row)));
    expect(await one.tally(poll)).toMatchObject({ votes: 200, voters: 200 });
  });
});

describe('a vote history that cannot be opened', () => {
  it.each<[string, Database, RegExp]>([
    [
      'a file below a file',
      { kind: 'file', path: '/dev/null/votes.db', isDefault: false },
      /\/dev\/null\/vo/,
    ],
    ['a folder', { kind: 'file', path: tmpdir(), isDefault: false }, /cannot be opened/],
    ['no server', { kind: 'postgres', url: 'postgres://u:hunter2@127.0.0.1:1/db' }, /ECONNREFUSED/],
  ])('is told in one line: %s', async (_, database, reason) => {
    const error = await openHistory(database).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(SettingsError);
    expect((error as Error).message).toMatch(reason);
    expect((error as Error).message).not.toMatch(/\n|hunter2/);
  });
});
