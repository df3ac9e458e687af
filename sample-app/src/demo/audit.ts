import type { RecordedVote } from '../history/vote-history.js';
import type { Reply } from './send.js';

/** One run of the storm, held against what the database says afterwards. */
export interface Audit {
  readonly requests: number;
  /** Rows in the database. */
  readonly votes: number;
  /** Different voters among them. */
  readonly voters: number;
  /** Rows beyond the first of each voter. */
  readonly duplicates: number;
  /** Voters whose vote is not in the database. */
  readonly missing: number;
  /** Voters whose replies of `voted` and rows are not the same number, or not under the same tokens. */
  readonly disagreements: number;
  /** Voters with a token twice, or whose vote was not written under their smallest token: out of order. */
  readonly tokenFaults: number;
  /** Why requests have no receipt, one text for each. */
  readonly failures: readonly string[];
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly requestsPerSecond: number;
  /** Undefined where no lock was held. */
  readonly handOffsPerSecond: number | undefined;
}

/** `rows` is every row of the poll; `users` are the voters 1 to `users`. */
export function auditRun(replies: readonly Reply[], rows: readonly RecordedVote[], users: number): Audit {
  const voters = votersOf(replies, rows, users);
  const known = voters.filter(({ written }) => written.length > 0).length;
  const strangers = rows.filter(({ userSeq }) => userSeq < 1 || userSeq > users).length;
  const seconds = secondsOf(replies);
  const latencies = replies.map(({ sentAtMs, repliedAtMs }) => repliedAtMs - sentAtMs).sort((a, b) => a - b);
  const isLocked = replies.some(({ receipt }) => typeof receipt?.fencingToken === 'number');
  return {
    requests: replies.length,
    votes: rows.length,
    voters: known,
    duplicates: rows.length - known - strangers,
    missing: users - known,
    disagreements: voters.filter((voter) => !agrees(voter)).length + strangers,
    tokenFaults: voters.filter((voter) => !hasTokensInOrder(voter)).length,
    failures: replies.flatMap(({ failure }) => failure ?? []),
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    requestsPerSecond: replies.length / seconds,
    handOffsPerSecond: isLocked ? sum(voters.map(handOffsOf)) / seconds : undefined,
  };
}

/** What there is of one voter. */
interface Voter {
  readonly written: readonly RecordedVote[];
  readonly replies: readonly Reply[];
}

function votersOf(replies: readonly Reply[], rows: readonly RecordedVote[], users: number): Voter[] {
  const voters = Array.from({ length: users }, () => ({
    written: [] as RecordedVote[],
    replies: [] as Reply[],
  }));
  for (const row of rows) voters[row.userSeq - 1]?.written.push(row);
  for (const reply of replies) voters[reply.userSeq - 1]?.replies.push(reply);
  return voters;
}

function agrees({ written, replies }: Voter): boolean {
  const inDatabase = written.map(({ fencingToken }) => String(fencingToken));
  const told = replies
    .filter(({ receipt }) => receipt?.result === 'voted')
    .map(({ receipt }) => String(receipt?.fencingToken));
  return inDatabase.sort().join() === told.sort().join();
}

function hasTokensInOrder({ written, replies }: Voter): boolean {
  const tokens = replies.flatMap(({ receipt }) => receipt?.fencingToken ?? []);
  const first = Math.min(...tokens);
  return (
    new Set(tokens).size === tokens.length &&
    written.every(({ fencingToken }) => fencingToken === null || fencingToken === first)
  );
}

/** Grants that stood in line: sent before the holder before them had its answer. */
function handOffsOf({ replies }: Voter): number {
  const granted = replies
    .filter(({ receipt }) => typeof receipt?.fencingToken === 'number')
    .sort((one, other) => tokenOf(one) - tokenOf(other));
  return granted.filter((reply, index) => {
    const before = granted[index - 1];
    return before !== undefined && reply.sentAtMs < before.repliedAtMs;
  }).length;
}

function tokenOf({ receipt }: Reply): number {
  return receipt?.fencingToken ?? 0;
}

function secondsOf(replies: readonly Reply[]): number {
  const from = replies.reduce((least, { sentAtMs }) => Math.min(least, sentAtMs), Infinity);
  const to = replies.reduce((most, { repliedAtMs }) => Math.max(most, repliedAtMs), -Infinity);
  return Math.max(to - from, 1) / 1_000;
}

/** Nearest rank of ascending numbers; NaN of none. */
function percentile(ascending: readonly number[], share: number): number {
  return ascending[Math.max(0, Math.ceil(ascending.length * share) - 1)] ?? Number.NaN;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
