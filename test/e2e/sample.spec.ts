import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { LockService } from 'nestjs-distributed-lock';
import { AppModule } from '../../sample-app/src/app.module.js';
import {
  type RecordedVote,
  type Tally,
  type Vote,
  VOTE_HISTORY,
  type VoteHistory,
} from '../../sample-app/src/history/vote-history.js';
import { readSettings } from '../../sample-app/src/settings.js';
import type { VoteReceipt } from '../../sample-app/src/votes/vote-receipt.js';

/** A history in memory whose look-ups can be made to wait, so that a test decides who overtakes whom. */
class StagedHistory implements VoteHistory {
  readonly name = 'file';
  readonly rows: RecordedVote[] = [];
  lookUps = 0;
  /** Asked after each look-up, before its answer is given. */
  afterLookUp: () => Promise<void> = () => Promise.resolve();

  async hasVoted(vote: Vote): Promise<boolean> {
    const found = this.rows.some((row) => row.userSeq === vote.userSeq && row.voteSeq === vote.voteSeq);
    this.lookUps += 1;
    await this.afterLookUp();
    return found;
  }

  async insert(vote: RecordedVote): Promise<void> {
    this.rows.push(vote);
  }

  async tally(voteSeq: number): Promise<Tally> {
    const rows = await this.votesOf(voteSeq);
    const voters = new Set(rows.map(({ userSeq }) => userSeq)).size;
    return { voteSeq, votes: rows.length, voters, duplicates: rows.length - voters };
  }

  async votesOf(voteSeq: number): Promise<RecordedVote[]> {
    return this.rows.filter((row) => row.voteSeq === voteSeq);
  }

  async onApplicationShutdown(): Promise<void> {
    this.rows.length = 0;
  }
}

interface Answer<Body> {
  readonly status: number;
  readonly body: Body;
}

describe('the voting API', () => {
  let app: INestApplication;
  let url: string;
  let history: StagedHistory;
  let arrived: number;

  beforeEach(async () => {
    history = new StagedHistory();
    arrived = 0;
    const settings = readSettings({ INSTANCE: 'one', WORK_MS: '0' });
    const testing = await Test.createTestingModule({ imports: [AppModule.with(settings)] })
      .overrideProvider(VOTE_HISTORY)
      .useValue(history)
      .compile();
    app = testing.createNestApplication();
    app.use((_request: unknown, _response: unknown, next: () => void) => {
      arrived += 1;
      next();
    });
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
  });

  afterEach(() => app.close());

  const ask = async <Body>(path: string, init?: RequestInit): Promise<Answer<Body>> => {
    const response = await fetch(`${url}${path}`, init);
    return { status: response.status, body: (await response.json()) as Body };
  };
  const post = <Body = VoteReceipt>(path: string, body: unknown): Promise<Answer<Body>> =>
    ask(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  /** Every look-up waits until `count` of them stand beside each other, or will not: 200 turns after all arrived. */
  const together = (count: number): void => {
    history.afterLookUp = async () => {
      const isComplete = (): boolean => history.lookUps >= count;
      while (arrived < count && !isComplete()) await nextTurn();
      for (let turn = 0; turn < 200 && !isComplete(); turn += 1) await nextTurn();
    };
  };

  it.each(['/votes', '/votes/handler'])('counts a vote at %s and refuses the second', async (path) => {
    const first = await post(path, { userSeq: 7, voteSeq: 1 });
    expect(first.status).toBe(201);
    expect(first.body).toEqual({
      result: 'voted',
      message: '투표 성공!',
      fencingToken: expect.any(Number),
      waitedMs: expect.any(Number),
      heldMs: expect.any(Number),
      instance: 'one',
    });

    const second = await post(path, { userSeq: 7, voteSeq: 1 });
    expect(second.status).toBe(201);
    expect(second.body).toMatchObject({ result: 'already-voted', message: '이미 투표했습니다.' });
    expect(second.body.fencingToken).toBeGreaterThan(first.body.fencingToken ?? Infinity);
    expect(history.rows).toEqual([
      { userSeq: 7, voteSeq: 1, fencingToken: first.body.fencingToken, instance: 'one' },
    ]);
  });

  it('counts votes of the same voter in different polls, and of different voters in one poll', async () => {
    await post('/votes', { userSeq: 7, voteSeq: 1 });
    await post('/votes', { userSeq: 7, voteSeq: 2 });
    await post('/votes', { userSeq: 8, voteSeq: 1 });
    expect((await ask('/votes/1')).body).toEqual({ voteSeq: 1, votes: 2, voters: 2, duplicates: 0 });
    expect((await ask('/votes/2')).body).toEqual({ voteSeq: 2, votes: 1, voters: 1, duplicates: 0 });
    expect((await ask('/votes/3')).body).toEqual({ voteSeq: 3, votes: 0, voters: 0, duplicates: 0 });
  });

  it('loses the race without the lock: both requests look before either writes, and both votes count', async () => {
    together(2);
    const vote = { userSeq: 7, voteSeq: 1 };
    const answers = await Promise.all([post('/votes/unprotected', vote), post('/votes/unprotected', vote)]);
    expect(answers.map(({ body }) => body)).toEqual([
      { ...answers[0]?.body, result: 'voted', fencingToken: null, waitedMs: 0, heldMs: 0 },
      { ...answers[1]?.body, result: 'voted', fencingToken: null, waitedMs: 0, heldMs: 0 },
    ]);
    expect((await ask('/votes/1')).body).toMatchObject({ votes: 2, voters: 1, duplicates: 1 });
  });

  it.each([
    ['service and service', '/votes', '/votes'],
    ['handler and handler', '/votes/handler', '/votes/handler'],
    ['service and handler', '/votes', '/votes/handler'],
  ])('never loses the same race under the lock of %s', async (_, one, other) => {
    together(2);
    const vote = { userSeq: 7, voteSeq: 1 };
    const answers = await Promise.all([post(one, vote), post(other, vote)]);
    expect(answers.map(({ body }) => body.result).sort()).toEqual(['already-voted', 'voted']);
    expect(history.rows).toHaveLength(1);
  });

  it.each(['/votes', '/votes/handler'])('takes 07 and 7 for one voter at %s, also at once', async (path) => {
    together(2);
    const answers = await Promise.all([
      post(path, { userSeq: '07', voteSeq: 1 }),
      post(path, { userSeq: 7, voteSeq: '01' }),
    ]);
    expect(answers.map(({ body }) => body.result).sort()).toEqual(['already-voted', 'voted']);
    expect(history.rows).toMatchObject([{ userSeq: 7, voteSeq: 1 }]);
  });

  it('lets different voters look beside each other', async () => {
    together(2);
    await Promise.all([
      post('/votes', { userSeq: 7, voteSeq: 1 }),
      post('/votes', { userSeq: 8, voteSeq: 1 }),
    ]);
    expect(history.rows).toHaveLength(2);
  });

  it.each([
    {},
    { userSeq: 7 },
    { voteSeq: 1 },
    { userSeq: null, voteSeq: 1 },
    { userSeq: '', voteSeq: 1 },
    { userSeq: 'x', voteSeq: 1 },
    { userSeq: '7x', voteSeq: 1 },
    { userSeq: ' 7', voteSeq: 1 },
    { userSeq: '0x7', voteSeq: 1 },
    { userSeq: '1e3', voteSeq: 1 },
    { userSeq: 7.5, voteSeq: 1 },
    { userSeq: 0, voteSeq: 1 },
    { userSeq: -7, voteSeq: 1 },
    { userSeq: true, voteSeq: 1 },
    { userSeq: [7], voteSeq: 1 },
    { userSeq: { $gt: 0 }, voteSeq: 1 },
    { userSeq: 2 ** 53, voteSeq: 1 },
    { userSeq: '9'.repeat(40), voteSeq: 1 },
    [],
    [{ userSeq: 7, voteSeq: 1 }],
  ])('answers 400 to %j on every route, and neither looks nor writes', async (body) => {
    for (const path of ['/votes', '/votes/handler', '/votes/unprotected']) {
      expect(await post(path, body)).toMatchObject({ status: 400 });
    }
    expect(history).toMatchObject({ lookUps: 0, rows: [] });
  });

  it('answers 400 to broken JSON and to a poll that is no number', async () => {
    const headers = { 'content-type': 'application/json' };
    expect(await ask('/votes', { method: 'POST', headers, body: '{' })).toMatchObject({ status: 400 });
    expect(await ask('/votes/abc')).toMatchObject({ status: 400 });
    expect(await ask('/votes/0')).toMatchObject({ status: 400 });
  });

  it('takes no lock for bad input: it is refused while the voter is locked', async () => {
    await using _lock = await app.get(LockService).acquire('vote:7');
    for (const path of ['/votes', '/votes/handler']) {
      expect(await post(path, { userSeq: 7, voteSeq: 'x' })).toMatchObject({ status: 400 });
    }
  });

  it.each(['/votes', '/votes/handler'])('waits at %s for whoever has the lock of the voter', async (path) => {
    const lock = await app.get(LockService).acquire('vote:7');
    const waiting = post(path, { userSeq: 7, voteSeq: 1 });
    while (arrived === 0) await nextTurn();
    const other = await post(path, { userSeq: 8, voteSeq: 1 });
    expect(other.body.result).toBe('voted');
    expect(history.lookUps).toBe(1);
    await lock.release();
    expect((await waiting).body).toMatchObject({ result: 'voted' });
  });

  it('says what it is and how it is', async () => {
    const index = await ask<{ routes: Record<string, string> }>('/');
    expect(Object.keys(index.body.routes)).toContain('POST /votes');
    expect(await ask('/health')).toMatchObject({
      status: 200,
      body: {
        status: 'ok',
        details: {
          locks: { status: 'up', stores: { default: { store: 'memory', status: 'up' } } },
          history: { status: 'up', kind: 'file' },
        },
      },
    });
    history.tally = () => Promise.reject(new Error('postgres://user:secret@db is away'));
    const down = await ask<{ error: object }>('/health');
    expect(down).toMatchObject({
      status: 503,
      body: { status: 'error', error: { history: { status: 'down' } } },
    });
    expect(JSON.stringify(down)).not.toContain('secret');
  });

  it('shows Prometheus its locks by template, and no voter', async () => {
    await Promise.all([1, 1, 2].map((voteSeq) => post('/votes', { userSeq: 4711, voteSeq })));
    const response = await fetch(`${url}/metrics`);
    const text = await response.text();
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
    const labels = 'distributed_lock_key_template="vote:#<userSeq>",distributed_lock_store="memory"';
    const lines = text.split('\n').filter((line) => line.startsWith('distributed_lock_'));
    const valueOf = (name: string): number | undefined => {
      const line = lines.find((each) => each.startsWith(`${name}{${labels}`));
      return line === undefined ? undefined : Number(line.split(' ')[1]);
    };
    expect(valueOf('distributed_lock_grants_total')).toBe(3);
    expect(valueOf('distributed_lock_wait_duration_count')).toBe(3);
    expect(valueOf('distributed_lock_hold_duration_count')).toBe(3);
    expect([valueOf('distributed_lock_held'), valueOf('distributed_lock_waiting')]).toEqual([0, 0]);
    expect(text).not.toContain('4711');
  });
});
