/**
 * Is there one order of all commands on a key that explains every answer? A search after Wing & Gong and Lowe ("Testing
 * for linearizability"): in order of time, each command takes effect no later than its answer, and only when an answer
 * needs it; states that were tried before are not tried again.
 *
 * What prunes: grants take effect in the order of their tokens; a command that excludes nobody ("busy") takes effect as
 * soon as it is true; of releases with the same weight the one that is answered first goes first; where no refusal waits
 * for its reason, a grant that fits goes before any release. What is left is nearly one path.
 * @see https://doi.org/10.1002/cpe.3928
 */
import type { RequestSpan } from './history.js';
import type { Violation } from './history-checker.js';

interface Moment {
  readonly atMs: number;
  readonly kind: 'ask' | 'answer' | 'end' | 'freed';
  readonly span: RequestSpan;
}

/** Where a search stands: everything before `at` is explained. Never changed. */
interface Node {
  /** Index of the next moment. */
  readonly at: number;
  /** How many grants took effect, in order of their tokens. */
  readonly granted: number;
  readonly held: number;
  readonly capacity: number;
  /** Ends that were called and took no effect yet: they may at any time. */
  readonly ending: readonly RequestSpan[];
  /** Refusals that nothing explains yet. */
  readonly busy: readonly RequestSpan[];
  /** Commands of unknown outcome: took no effect (yet), and hold. */
  readonly open: readonly RequestSpan[];
  readonly ghosts: readonly RequestSpan[];
}

const ROOT: Node = { at: 0, granted: 0, held: 0, capacity: 0, ending: [], busy: [], open: [], ghosts: [] };
const MOST_NODES = 2_000_000;

/** The violation of one key's history, or none. Only where no holder was killed, cut off or paused. */
export function unorderable(spans: readonly RequestSpan[]): Violation[] {
  return new Search(spans).run();
}

class Search {
  private readonly moments: readonly Moment[];
  private readonly grants: readonly RequestSpan[];
  private readonly rankOf = new Map<RequestSpan, number>();
  private readonly excused: ReadonlySet<RequestSpan>;
  private readonly seen = new Set<string>();
  private readonly stack: Node[] = [ROOT];
  private furthest = 0;

  constructor(spans: readonly RequestSpan[]) {
    this.moments = momentsOf(spans);
    this.grants = spans.filter((one) => one.outcome === 'granted').sort((a, b) => a.token - b.token);
    this.grants.forEach((grant, rank) => this.rankOf.set(grant, rank));
    this.excused = busyBehindWaiters(spans);
  }

  run(): Violation[] {
    for (let nodes = 0; nodes < MOST_NODES; nodes++) {
      const node = this.stack.pop();
      if (!node) return [this.violation('no order of the commands explains its answer')];
      this.furthest = Math.max(this.furthest, node.at);
      const moment = this.moments[node.at];
      if (!moment) return [];
      this.step(node, moment);
    }
    return [this.violation(`no order was found within ${MOST_NODES} steps`)];
  }

  private step(node: Node, { kind, span, atMs }: Moment): void {
    const next = { ...node, at: node.at + 1 };
    if (kind === 'ask') this.stack.push(this.asked(next, span));
    else if (kind === 'answer' && !this.isExplained(node, span)) this.branch(node, atMs);
    else {
      // Before weight goes, more of it may explain a refusal.
      if (kind !== 'answer' && node.busy.length > 0) this.branch(node, atMs);
      this.stack.push(left(next, kind, span));
    }
  }

  private asked(next: Node, span: RequestSpan): Node {
    if (span.outcome === 'unknown') return { ...next, open: [...next.open, span] };
    if (span.outcome !== 'busy' || this.excused.has(span) || !fits(next, span)) return next;
    return { ...next, busy: [...next.busy, span] };
  }

  private isExplained(node: Node, span: RequestSpan): boolean {
    const rank = this.rankOf.get(span);
    return rank === undefined ? !node.busy.includes(span) : rank < node.granted;
  }

  /** Something may, or has to, take effect before the moment at hand; what was not asked by then cannot. */
  private branch(node: Node, atMs: number): void {
    const isRefused = node.busy.length > 0;
    if (isRefused) this.raiseGhost(node);
    const grant = this.grants[node.granted];
    const isAsked = grant !== undefined && grant.askedMs <= atMs;
    const isTaken = isAsked && fits(node, grant);
    if (isRefused || !isTaken) this.makeRoom(node);
    if (isTaken) this.visit(taken({ ...node, granted: node.granted + 1 }, grant));
  }

  private makeRoom(node: Node): void {
    for (const ghost of node.ghosts) this.visit(buried(node, ghost));
    for (const span of firstOfEachWeight(node.ending)) this.visit(freed(node, span));
  }

  private raiseGhost(node: Node): void {
    for (const span of node.open) {
      if (!fits(node, span)) continue;
      const open = node.open.filter((one) => one !== span);
      this.visit(taken({ ...node, open, ghosts: [...node.ghosts, span] }, span));
    }
  }

  private visit(node: Node): void {
    const sets = [node.ending, node.busy, node.open, node.ghosts];
    const names = sets.map((spans) => spans.map((one) => one.request).join());
    const name = [node.at, node.granted, ...names].join(';');
    if (this.seen.has(name)) return;
    this.seen.add(name);
    this.stack.push(node);
  }

  private violation(what: string): Violation {
    const { span, atMs } = this.moments[Math.min(this.furthest, this.moments.length - 1)]!;
    const message = `request ${span.request} was answered "${span.outcome}": ${what}`;
    return { kind: 'order', key: span.key, atMs, requests: [span.request], message };
  }
}

/** At one moment what was asked comes before answers, so that commands that touch count as concurrent. */
function momentsOf(spans: readonly RequestSpan[]): Moment[] {
  const rank = { ask: 0, end: 1, freed: 2, answer: 3 };
  return spans
    .flatMap((span): Moment[] => {
      const moments: Moment[] = [{ atMs: span.askedMs, kind: 'ask', span }];
      if (span.outcome === 'unknown') moments.push({ atMs: span.endMs, kind: 'end', span });
      else moments.push({ atMs: span.answeredMs, kind: 'answer', span });
      if (span.outcome !== 'granted') return moments;
      return [
        ...moments,
        { atMs: span.endMs, kind: 'end', span },
        { atMs: span.freedMs, kind: 'freed', span },
      ];
    })
    .filter(({ atMs }) => atMs !== Infinity)
    .sort((a, b) => a.atMs - b.atMs || rank[a.kind] - rank[b.kind]);
}

/** Refused while another waited: the line was not empty, which is reason enough. */
function busyBehindWaiters(spans: readonly RequestSpan[]): Set<RequestSpan> {
  const byAsk = [...spans].sort((a, b) => a.askedMs - b.askedMs);
  const excused = new Set<RequestSpan>();
  let waiting: RequestSpan[] = [];
  let busy: RequestSpan[] = [];
  for (const span of byAsk) {
    waiting = waiting.filter((one) => one.answeredMs >= span.askedMs);
    busy = busy.filter((one) => one.answeredMs >= span.askedMs);
    if (span.outcome === 'busy') {
      busy.push(span);
      if (waiting.length > 0) excused.add(span);
    } else if (span.waits) {
      waiting.push(span);
      busy.forEach((one) => excused.add(one));
    }
  }
  return excused;
}

function fits(node: Node, { weight, capacity }: RequestSpan): boolean {
  return node.held === 0 || (node.capacity === capacity && node.held + weight <= capacity);
}

function taken(node: Node, { weight, capacity }: RequestSpan): Node {
  const after = { ...node, held: node.held + weight, capacity };
  return { ...after, busy: node.busy.filter((one) => fits(after, one)) };
}

function left(next: Node, kind: Moment['kind'], span: RequestSpan): Node {
  if (kind === 'end') return ended(next, span);
  return kind === 'freed' ? freed(next, span) : next;
}

function ended(next: Node, span: RequestSpan): Node {
  if (span.outcome === 'granted') return { ...next, ending: [...next.ending, span] };
  // It can hold no more, whether it did or not.
  const open = next.open.filter((one) => one !== span);
  return next.ghosts.includes(span) ? buried({ ...next, open }, span) : { ...next, open };
}

function freed(node: Node, span: RequestSpan): Node {
  if (!node.ending.includes(span)) return node;
  return { ...node, held: node.held - span.weight, ending: node.ending.filter((one) => one !== span) };
}

function buried(node: Node, span: RequestSpan): Node {
  return { ...node, held: node.held - span.weight, ghosts: node.ghosts.filter((one) => one !== span) };
}

function firstOfEachWeight(spans: readonly RequestSpan[]): RequestSpan[] {
  const first = new Map<number, RequestSpan>();
  for (const span of spans) {
    const other = first.get(span.weight);
    if (!other || span.freedMs < other.freedMs) first.set(span.weight, span);
  }
  return [...first.values()];
}
