import type { VoteReceipt } from '../votes/vote-receipt.js';
import type { Ballot } from './storm.js';

/** What came back for a ballot; times on the demo's monotonic clock, in milliseconds. */
export interface Reply extends Ballot {
  readonly sentAtMs: number;
  readonly repliedAtMs: number;
  /** Undefined where the vote was refused or the instance could not be reached. */
  readonly receipt: VoteReceipt | undefined;
  /** Why there is no receipt. */
  readonly failure: string | undefined;
}

export interface Target {
  /** One URL per instance: where votes are posted. */
  readonly urls: readonly string[];
  readonly voteSeq: number;
  readonly concurrency: number;
  readonly signal: AbortSignal;
  readonly onReply: () => void;
}

/** Sends all ballots in their order, `concurrency` at a time. @throws the signal's reason */
export async function send(ballots: readonly Ballot[], target: Target): Promise<Reply[]> {
  const replies: Reply[] = [];
  const queue = ballots.values();
  const sender = async (): Promise<void> => {
    for (const ballot of queue) {
      replies.push(await post(ballot, target));
      target.signal.throwIfAborted();
      target.onReply();
    }
  };
  await Promise.all(Array.from({ length: target.concurrency }, sender));
  return replies;
}

async function post(ballot: Ballot, target: Target): Promise<Reply> {
  const sentAtMs = performance.now();
  const outcome = await request(ballot, target).catch((error: unknown) => ({
    receipt: undefined,
    failure: textOf(error),
  }));
  return { ...ballot, sentAtMs, repliedAtMs: performance.now(), ...outcome };
}

async function request(
  { userSeq, instance }: Ballot,
  { urls, voteSeq, signal }: Target,
): Promise<Pick<Reply, 'receipt' | 'failure'>> {
  const response = await fetch(urls[instance] ?? '', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ userSeq, voteSeq }),
    signal,
  });
  const body: unknown = await response.json();
  if (response.status === 201) return { receipt: body as VoteReceipt, failure: undefined };
  return { receipt: undefined, failure: `HTTP ${response.status}` };
}

// fetch says "fetch failed" and keeps the reason as the cause.
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
