import { Agent, request } from 'node:http';
import { json } from 'node:stream/consumers';
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
  // One agent for all, ended by one listener: fetch would leave a listener on the signal for each request.
  const agent = new Agent({ keepAlive: true });
  const stop = (): void => agent.destroy();
  target.signal.addEventListener('abort', stop);
  const sender = async (): Promise<void> => {
    for (const ballot of queue) {
      target.signal.throwIfAborted();
      replies.push(await post(ballot, target, agent));
      target.onReply();
    }
  };
  try {
    await Promise.all(Array.from({ length: target.concurrency }, sender));
    target.signal.throwIfAborted();
    return replies;
  } finally {
    target.signal.removeEventListener('abort', stop);
    agent.destroy();
  }
}

async function post(ballot: Ballot, { urls, voteSeq }: Target, agent: Agent): Promise<Reply> {
  const { userSeq, instance } = ballot;
  const sentAtMs = performance.now();
  const outcome = await exchange(urls[instance] ?? '', { userSeq, voteSeq }, agent).then(
    ({ status, body }) =>
      status === 201
        ? { receipt: body as VoteReceipt, failure: undefined }
        : { receipt: undefined, failure: `HTTP ${status}` },
    (error: unknown) => ({ receipt: undefined, failure: String(error) }),
  );
  return { ...ballot, sentAtMs, repliedAtMs: performance.now(), ...outcome };
}

function exchange(url: string, vote: object, agent: Agent): Promise<{ status: number; body: unknown }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const sent = request(url, { method: 'POST', agent, headers }, (response) => {
      json(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
    });
    sent.once('error', reject);
    sent.end(JSON.stringify(vote));
  });
}
