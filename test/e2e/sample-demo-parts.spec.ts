import { describe, expect, it } from '@jest/globals';
import { auditRun } from '../../sample-app/src/demo/audit.js';
import { readOptions, usage } from '../../sample-app/src/demo/options.js';
import { Progress } from '../../sample-app/src/demo/progress.js';
import type { Reply } from '../../sample-app/src/demo/send.js';
import { planStorm } from '../../sample-app/src/demo/storm.js';
import { table } from '../../sample-app/src/demo/table.js';
import { complaints } from '../../sample-app/src/demo/verdict.js';
import type { RecordedVote } from '../../sample-app/src/history/vote-history.js';
import { SettingsError } from '../../sample-app/src/settings.js';

describe('the options of the demo', () => {
  it('have defaults, and a seed of chance', () => {
    const options = readOptions([]);
    expect(options).toMatchObject({ users: 200, duplicates: 10, concurrency: 60 });
    expect(options?.seed).toBeGreaterThanOrEqual(0);
  });

  it('are what was given', () => {
    const args = '--users 3 --duplicates 4 --concurrency 5 --seed 6'.split(' ');
    expect(readOptions(args)).toEqual({ users: 3, duplicates: 4, concurrency: 5, seed: 6 });
  });

  it.each(['--help', '-h'])('show the usage with %s', (flag) => {
    expect(readOptions([flag])).toBeUndefined();
    expect(usage()).toMatch(/--users +voters, 1 to 5000; default 200/);
  });

  it.each([
    ['--users 0', '--users is "0"; it must be a whole number from 1 to 5000.'],
    ['--users 5001', /^--users is "5001"/],
    ['--users many', /^--users is "many"/],
    ['--users=-1', /^--users is "-1"/],
    ['--users', /^Option '--users <value>' argument missing/],
    ['--duplicates 1', /^--duplicates is "1"/],
    ['--duplicates 2.5', /^--duplicates is "2.5"/],
    ['--seed 4294967296', /^--seed is/],
    ['--users 5000 --duplicates 100', /more than 100000 votes/],
    ['--voters 7', /^Unknown option '--voters'/],
    ['7', /^Unexpected argument '7'/],
  ])('refuse %s in one line', (args, message) => {
    const read = (): unknown => readOptions(args.split(' '));
    expect(read).toThrow(SettingsError);
    expect(read).toThrow(message);
    expect(read).not.toThrow(/\n/);
  });
});

describe('the storm', () => {
  const size = { users: 20, duplicates: 7, concurrency: 30, instances: 3, seed: 7 };
  const ballots = planStorm(size);

  it('has every voter as often as asked, and nobody else', () => {
    const counts = new Map<number, number>();
    for (const { userSeq } of ballots) counts.set(userSeq, (counts.get(userSeq) ?? 0) + 1);
    expect([...counts.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(new Set(counts.values())).toEqual(new Set([7]));
  });

  it('sends the duplicates of each voter to all instances in turn', () => {
    for (let userSeq = 1; userSeq <= size.users; userSeq += 1) {
      const shares = [0, 1, 2].map(
        (instance) => ballots.filter((b) => b.userSeq === userSeq && b.instance === instance).length,
      );
      expect(shares.sort((a, b) => a - b)).toEqual([2, 2, 3]);
    }
  });

  it('is the same again for the same seed, and another for another', () => {
    expect(planStorm(size)).toEqual(ballots);
    expect(planStorm({ ...size, seed: 8 })).not.toEqual(ballots);
  });
});

const reply = (userSeq: number, token: number | null, over: Partial<Reply> = {}): Reply => ({
  userSeq,
  instance: 0,
  sentAtMs: 0,
  repliedAtMs: 10,
  receipt: {
    result: 'voted',
    message: '',
    fencingToken: token,
    waitedMs: 0,
    heldMs: 0,
    instance: 'a',
  },
  failure: undefined,
  ...over,
});
const again = (userSeq: number, token: number | null, over: Partial<Reply> = {}): Reply => {
  const { receipt, ...rest } = reply(userSeq, token, over);
  return { ...rest, receipt: receipt && { ...receipt, result: 'already-voted' } };
};
const row = (userSeq: number, fencingToken: number | null): RecordedVote => ({
  userSeq,
  voteSeq: 1,
  fencingToken,
  instance: 'a',
});

const goodReplies = [reply(1, 64), again(1, 65), reply(2, 64), again(2, 128)];
const goodRows = [row(1, 64), row(2, 64)];

describe('the audit', () => {
  it('finds nothing wrong with a good run', () => {
    expect(auditRun(goodReplies, goodRows, 2)).toMatchObject({
      requests: 4,
      votes: 2,
      voters: 2,
      duplicates: 0,
      missing: 0,
      disagreements: 0,
      tokenFaults: 0,
      failures: [],
    });
  });

  it('counts duplicates in the database, not in the replies', () => {
    expect(auditRun(goodReplies, [...goodRows, row(1, 65)], 2)).toMatchObject({
      duplicates: 1,
      disagreements: 1,
    });
  });

  it('sees a vote that was told to count and is not in the database', () => {
    expect(auditRun(goodReplies, [row(1, 64)], 2)).toMatchObject({ missing: 1, disagreements: 1 });
  });

  it('sees a vote in the database of which nobody was told', () => {
    expect(auditRun([reply(1, 64)], goodRows, 2)).toMatchObject({ disagreements: 1 });
  });

  it('sees a voter who was never sent', () => {
    expect(auditRun(goodReplies, [...goodRows, row(3, 64)], 2)).toMatchObject({ disagreements: 1 });
  });

  it('sees a row under another token than the reply told', () => {
    expect(auditRun(goodReplies, [row(1, 70), row(2, 64)], 2)).toMatchObject({ disagreements: 1 });
  });

  it('sees a token that was given twice, and a vote that was not written under the first', () => {
    expect(auditRun([reply(1, 64), again(1, 64)], [row(1, 64)], 1)).toMatchObject({ tokenFaults: 1 });
    expect(auditRun([reply(1, 64), again(1, 63)], [row(1, 64)], 1)).toMatchObject({ tokenFaults: 1 });
  });

  it('tells latencies by nearest rank, and rates over the whole run', () => {
    const replies = Array.from({ length: 100 }, (_, i) =>
      reply(1, null, { sentAtMs: 0, repliedAtMs: i + 1 }),
    );
    const audit = auditRun(replies, [], 1);
    expect(audit).toMatchObject({ p50Ms: 50, p99Ms: 99, requestsPerSecond: 1_000 });
    expect(audit.handOffsPerSecond).toBeUndefined();
  });

  it('counts as hand-offs the grants that waited for the one before', () => {
    const replies = [
      reply(1, 64, { sentAtMs: 0, repliedAtMs: 500 }),
      again(1, 65, { sentAtMs: 100, repliedAtMs: 600 }),
      again(1, 66, { sentAtMs: 700, repliedAtMs: 1_000 }),
    ];
    expect(auditRun(replies, [row(1, 64)], 1).handOffsPerSecond).toBe(1);
  });
});

describe('the verdict', () => {
  const clean = auditRun(goodReplies, goodRows, 2);
  const lost = { ...clean, votes: 3, duplicates: 1 };

  it('is content where the race was lost without the lock and no vote is double with it', () => {
    expect(complaints({ unprotected: lost, protected: clean })).toEqual([]);
  });

  it.each([
    ['no race was lost', { unprotected: clean, protected: clean }, /lost no race/],
    ['a vote is double', { unprotected: lost, protected: lost }, /1 duplicate votes/],
    ['a vote is missing', { unprotected: lost, protected: { ...clean, missing: 1 } }, /1 voters are missing/],
    ['tokens are out of order', { unprotected: lost, protected: { ...clean, tokenFaults: 1 } }, /tokens/],
    [
      'a request failed',
      { unprotected: lost, protected: { ...clean, failures: ['HTTP 423'] } },
      /1 requests of the protected run failed, first: HTTP 423/,
    ],
    ['replies are wrong', { unprotected: lost, protected: { ...clean, disagreements: 1 } }, /disagree/],
    ['replies were wrong', { unprotected: { ...lost, disagreements: 1 }, protected: clean }, /disagree/],
  ])('complains where %s', (_, runs, text) => {
    expect(complaints(runs)).toEqual([expect.stringMatching(text)]);
  });

  it('stands under a table whose columns are in line', () => {
    const lines = table({ unprotected: lost, protected: clean }).split('\n');
    expect(new Set(lines.map(({ length }) => length)).size).toBe(1);
    expect(lines).toContainEqual(expect.stringMatching(/^duplicates +1 +0$/));
  });
});

describe('the progress', () => {
  const shown = (total: number, isTTY: boolean): string[] => {
    const written: string[] = [];
    const progress = new Progress('run', total, { isTTY, write: (text) => written.push(text) });
    for (let step = 0; step < total; step += 1) progress.step();
    return written;
  };

  it('is four plain lines where nobody watches', () => {
    expect(shown(8, false)).toEqual([
      'run 25 % (2/8)\n',
      'run 50 % (4/8)\n',
      'run 75 % (6/8)\n',
      'run 100 % (8/8)\n',
    ]);
  });

  it('is one bar on a terminal, drawn again for each percent, whatever the number of steps', () => {
    const frames = shown(1_000, true);
    expect(frames).toHaveLength(100);
    expect(frames.every((frame) => frame.startsWith('\rrun '))).toBe(true);
    expect(frames.at(-1)).toBe(`\rrun ${'█'.repeat(30)} 1000/1000\n`);
  });
});
