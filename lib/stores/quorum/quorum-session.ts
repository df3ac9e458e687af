import {
  type AcquireReply,
  type AcquireRequest,
  type Grant,
  type KeyPage,
  type KeyView,
  type LeaseRequest,
  type ListRequest,
  REFUSED_MS,
  type ReleaseRequest,
  type StoreSession,
} from '../../line/store.js';
import { Ballot, type Verdict } from './ballot.js';
import { Candidate } from './candidate.js';
import { Departure } from './departure.js';
import { gatherMajority, missingOf, valuesOf } from './gather.js';
import { Heat } from './heat.js';
import { listOf } from './listing.js';
import { nthGreatest } from './majority.js';
import { closedError } from './quorum-errors.js';
import type { QuorumNodes } from './quorum-nodes.js';
import { Renewal } from './renewal.js';
import { viewOf } from './view.js';

/** An owner that came first and found no majority looks again after so long, in milliseconds, give or take half of it. */
const AGAIN_MS = 100;
/** Nobody is waited for longer, in milliseconds. */
const ANSWER_MS = 1_000;

/** The verbs of a lock, over a majority of stores. */
export class QuorumSession implements StoreSession {
  private readonly candidates = new Map<string, Candidate>();
  private readonly departures = new Map<string, Departure>();
  private readonly heat: Heat;
  private isClosed = false;

  constructor(private readonly nodes: QuorumNodes) {
    this.heat = new Heat(nodes.clock);
  }

  async acquire(request: AcquireRequest): Promise<AcquireReply> {
    this.checkOpen('acquire');
    const { owner, replaces, takesPlace } = request;
    const candidate = this.candidates.get(owner) ?? this.begin(request);
    if (candidate.isSpent) return this.refuse(candidate);
    if (replaces !== undefined) void this.leave({ ...request, owner: replaces, refuses: false, keepMs: 0 });
    const reply = await this.elect(candidate, request);
    if (reply.kind !== 'held' && !takesPlace) this.candidates.delete(owner);
    return reply;
  }

  async renew(leases: readonly LeaseRequest[]): Promise<readonly number[]> {
    this.checkOpen('renew');
    return leases.length === 0 ? [] : new Renewal(this.nodes, this.candidates, leases).run();
  }

  async release(request: ReleaseRequest): Promise<void> {
    this.checkOpen('release');
    await this.leave(request);
  }

  async inspect(key: string): Promise<KeyView> {
    this.checkOpen('inspect');
    const answers = await gatherMajority(this.nodes, key, {
      operation: 'inspect',
      command: (session) => session.inspect(key),
      mostMs: ANSWER_MS,
    });
    const own = [...this.candidates.values()].filter(({ waitsFor }) => waitsFor.has(key)).length;
    const { all, majority } = this.nodes;
    return viewOf(valuesOf(answers), { nodes: all.length, majority, ownWaiters: own });
  }

  async forceRelease(key: string): Promise<boolean> {
    this.checkOpen('forceRelease');
    const gathering = {
      operation: 'forceRelease',
      command: (session: StoreSession) => session.forceRelease(key),
      mostMs: ANSWER_MS,
    };
    const answers = await gatherMajority(this.nodes, key, gathering);
    const held = valuesOf(answers).filter((wasHeld) => wasHeld).length;
    const silent = missingOf(this.nodes, answers, ANSWER_MS).length;
    return held > 0 && held + silent >= this.nodes.majority;
  }

  async list(request: ListRequest): Promise<KeyPage> {
    this.checkOpen('list');
    return listOf(this.nodes, request);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.nodes.pauses.endAll();
    await Promise.all(this.nodes.all.map((node) => node.close()));
  }

  private checkOpen(operation: string): void {
    if (this.isClosed) throw closedError(operation);
  }

  private begin(request: AcquireRequest): Candidate {
    const candidate = new Candidate(request, this.nodes.all.length);
    this.candidates.set(request.owner, candidate);
    return candidate;
  }

  /** The owner is used up: whoever asks draws a fresh one. */
  private refuse({ owner }: Candidate): AcquireReply {
    this.candidates.delete(owner);
    return { kind: 'refused' };
  }

  private async elect(candidate: Candidate, request: AcquireRequest): Promise<AcquireReply> {
    const { keys, takesPlace } = request;
    const isContended = request.replaces !== undefined || keys.some((key) => this.heat.isHot(key));
    if (takesPlace && (isContended || !candidate.isUntried)) return this.takeInOrder(candidate, request);
    const verdict = await this.vote(candidate, { ...request, takesPlace: false }, isContended);
    if (verdict.kind !== 'busy') return this.conclude(candidate, verdict, request);
    keys.forEach((key) => this.heat.note(key));
    return takesPlace ? this.standInLine(candidate, request) : this.conclude(candidate, verdict, request);
  }

  /** All were asked at once and the keys are busy. What was granted is given back; then a fresh owner stands in line. */
  private standInLine(candidate: Candidate, request: AcquireRequest): AcquireReply | Promise<AcquireReply> {
    if (candidate.isClean && !candidate.isGone) return this.takeInOrder(candidate, request);
    if (!candidate.isGone) this.spend(candidate);
    return this.refuse(candidate);
  }

  /** Each key by itself, up to the first that is busy: there the lead keeps a place. */
  private async takeInOrder(candidate: Candidate, request: AcquireRequest): Promise<AcquireReply> {
    const grants: Grant[] = [];
    for (const key of request.keys) {
      const standing = this.standing(candidate, key);
      if (standing) grants.push(standing);
      if (standing) continue;
      const verdict = await this.vote(candidate, { ...request, keys: [key] }, true);
      if (verdict.kind === 'held') grants.push(...verdict.grants);
      if (verdict.kind === 'held') continue;
      const hasVotes = candidate.endsOf(key).some((endMs) => endMs > -Infinity);
      if (verdict.kind !== 'busy' || hasVotes)
        return this.conclude(candidate, verdict, { ...request, grants });
      this.heat.note(key);
      return { kind: 'busy', grants, lookInMs: verdict.lookInMs };
    }
    return { kind: 'held', grants };
  }

  /** What it holds of the key by an earlier answer. */
  private standing(candidate: Candidate, key: string): Grant | undefined {
    const token = candidate.tokenOf(key);
    if (token === undefined) return undefined;
    const { clock, majority } = this.nodes;
    return { token, restMs: nthGreatest(candidate.endsOf(key), majority) - clock.nowMs() };
  }

  private vote(candidate: Candidate, asked: AcquireRequest, isContended: boolean): Promise<Verdict> {
    const request = { ...asked, replaces: undefined };
    // A lead that says busy may keep nobody from learning that the others are down.
    const isLeadFirst = isContended && this.nodes.hasSoundMajority;
    return new Ballot({ nodes: this.nodes, candidate, request, isLeadFirst }).run();
  }

  /** Without a majority nothing stays anywhere. @throws LockStoreError where none can be reached */
  private conclude(
    candidate: Candidate,
    verdict: Verdict,
    { takesPlace, grants = [] }: { readonly takesPlace: boolean; readonly grants?: readonly Grant[] },
  ): AcquireReply {
    if (candidate.isGone) return { kind: 'refused' };
    if (verdict.kind === 'held') return verdict;
    this.spend(candidate);
    if (verdict.kind === 'down') throw verdict.error;
    if (verdict.kind === 'refused') return this.refuse(candidate);
    if (verdict.kind === 'conflict') return { ...verdict, grants };
    const lookInMs = takesPlace ? this.nodes.jitter(AGAIN_MS) : verdict.lookInMs;
    return { kind: 'busy', grants: [], lookInMs };
  }

  private spend(candidate: Candidate): void {
    const { keys, owner } = candidate;
    candidate.isSpent = true;
    this.depart({ keys, owner, refuses: false, keepMs: 0 }, candidate);
  }

  private leave(request: ReleaseRequest): Promise<void> {
    const { owner } = request;
    const candidate = this.candidates.get(owner);
    this.candidates.delete(owner);
    candidate?.leave();
    return (this.departures.get(owner) ?? this.depart(request, candidate)).promise;
  }

  /** Of an owner that is not known here any more everybody is told. */
  private depart(request: ReleaseRequest, candidate: Candidate | undefined): Departure {
    const { nodes } = this;
    const asked = nodes.all.filter(({ index }) => !candidate || candidate.mayStandOn(index));
    const told = new Map(
      asked.map((node) => [node, { isUncertain: candidate?.isUncertain(node.index) === true }]),
    );
    const lastsMs = nodes.clock.nowMs() + (candidate?.leaseMs ?? REFUSED_MS);
    const departure = new Departure(nodes, {
      request,
      told,
      untilMs: Math.max(lastsMs, candidate?.endMs ?? 0),
      onEnd: () => this.departures.delete(request.owner),
    });
    if (asked.length > 0) this.departures.set(request.owner, departure);
    return departure.start();
  }
}
