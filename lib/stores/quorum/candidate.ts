import type { AcquireRequest } from '../../line/store.js';

/** What one node has granted to one owner for one key. */
export interface Vote {
  readonly token: number;
  /** When the lease ends, on this process's monotonic clock. */
  readonly endsMs: number;
  /** When the answer came: an answer to a command that was sent earlier does not contradict it. */
  readonly notedMs: number;
  /** In which of the node's lives. */
  readonly lives: number;
}

/** Clocks may run at different speed: by so much of the lease, as in the Redlock paper. */
const DRIFT = 0.01;

/** The lease is counted from the moment in which it was asked for, so that it is over here before it is there. */
export function endOf(sentMs: number, restMs: number): number {
  return sentMs + restMs * (1 - DRIFT);
}

/** What one node was asked for one owner. */
interface Dealing {
  wasAsked: boolean;
  /** Commands that may still arrive. */
  unanswered: number;
  /** Two were under way at once and may have been carried out in any order: neither answer is the last word. */
  isMuddled: boolean;
  /** It may stand in the node's line. */
  mayWait: boolean;
}

/**
 * One owner on its way to a majority, or holding it: what it asked of which node, and what was granted.
 *
 *   asking ──majority──► holds
 *   asking ──no majority──► spent      released wherever something of it may stand; the owner is used up
 *   any ──release──► gone
 */
export class Candidate {
  readonly owner: string;
  readonly keys: readonly string[];
  readonly leaseMs: number;
  /** The keys in whose line it stands, on some node. */
  readonly waitsFor = new Set<string>();
  isSpent = false;
  isGone = false;
  /** Called when something has changed for whoever waits for it. */
  wake: (() => void) | undefined;
  private readonly dealings: readonly Dealing[];
  private readonly votes = new Map<string, (Vote | undefined)[]>();
  /** Of each key that it holds. */
  private readonly tokens = new Map<string, number>();

  constructor({ owner, keys, leaseMs }: Pick<AcquireRequest, 'owner' | 'keys' | 'leaseMs'>, nodes: number) {
    this.owner = owner;
    this.keys = keys;
    this.leaseMs = leaseMs;
    this.dealings = Array.from({ length: nodes }, () => {
      return { wasAsked: false, unanswered: 0, isMuddled: false, mayWait: false };
    });
  }

  get isUntried(): boolean {
    return this.dealings.every(({ wasAsked }) => !wasAsked);
  }

  /** Nothing of it stands anywhere, and nothing is under way. */
  get isClean(): boolean {
    return !this.dealings.some((_, node) => this.mayStandOn(node));
  }

  /** Something is sent; what is not noted as answered may still arrive. */
  noteAsked(node: number): void {
    const dealing = this.dealings[node]!;
    dealing.wasAsked = true;
    dealing.isMuddled ||= dealing.unanswered > 0;
    dealing.unanswered++;
  }

  noteAnswered(node: number): void {
    this.dealings[node]!.unanswered--;
  }

  /** A place in the node's line is asked for. */
  notePlace(node: number, keys: readonly string[]): void {
    this.dealings[node]!.mayWait = true;
    for (const key of keys) this.waitsFor.add(key);
  }

  isUncertain(node: number): boolean {
    return this.dealings[node]!.unanswered > 0;
  }

  /** Whether a hold, a place, or something under way may be left there. */
  mayStandOn(node: number): boolean {
    const { unanswered, isMuddled, mayWait } = this.dealings[node]!;
    return unanswered > 0 || isMuddled || mayWait || this.keys.some((key) => this.voteOf(node, key));
  }

  /** Whoever waits for something of it need not any more. */
  leave(): void {
    this.isGone = true;
    this.wake?.();
  }

  voteOf(node: number, key: string): Vote | undefined {
    return this.votes.get(key)?.[node];
  }

  noteVote(node: number, key: string, vote: Vote): void {
    const ofKey = this.votes.get(key) ?? this.dealings.map(() => undefined);
    ofKey[node] = vote;
    this.votes.set(key, ofKey);
  }

  /** The node answers to a command sent then that it holds nothing for it. */
  noteNone(node: number, key: string, sentMs: number): void {
    const ofKey = this.votes.get(key);
    if (ofKey && sentMs >= (ofKey[node]?.notedMs ?? 0)) ofKey[node] = undefined;
  }

  /** Of each node, when its lease of the key ends; -Infinity where there is none. */
  endsOf(key: string): number[] {
    return this.dealings.map((_, node) => this.voteOf(node, key)?.endsMs ?? -Infinity);
  }

  /** When the last of its leases ends, if it is not lengthened. */
  get endMs(): number {
    return Math.max(...this.keys.flatMap((key) => this.endsOf(key)));
  }

  /** A majority holds the key for it, and gave it that token. */
  holds(key: string, token: number): void {
    this.tokens.set(key, token);
    this.waitsFor.delete(key);
  }

  tokenOf(key: string): number | undefined {
    return this.tokens.get(key);
  }
}
