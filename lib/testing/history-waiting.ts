import type { RequestSpan } from './history.js';
import type { Violation } from './history-checker.js';

interface Moment {
  readonly atMs: number;
  readonly kind: 'end' | 'answer' | 'ask';
  readonly span: RequestSpan;
}

/** What changes who waits and who holds, in order of time; at one moment room is made before it is taken. */
function momentsOf(spans: readonly RequestSpan[]): Moment[] {
  const rank = { end: 0, answer: 1, ask: 2 };
  return spans
    .flatMap((span): Moment[] => [
      { atMs: span.askedMs, kind: 'ask', span },
      { atMs: span.answeredMs, kind: 'answer', span },
      {
        atMs: span.outcome === 'granted' || span.outcome === 'unknown' ? span.endMs : Infinity,
        kind: 'end',
        span,
      },
    ])
    .filter(({ atMs }) => atMs !== Infinity)
    .sort((a, b) => a.atMs - b.atMs || rank[a.kind] - rank[b.kind]);
}

/**
 * Waiters that stood for longer than `boundMs` while nothing was granted, although whoever can have been first in the
 * line would have fitted beside everybody who may have held: nobody woke them.
 */
export function idleWaits(spans: readonly RequestSpan[], boundMs: number, endMs: number): Violation[] {
  const violations: Violation[] = [];
  const waiting = new Set<RequestSpan>();
  const holding = new Set<RequestSpan>();
  let idleSinceMs: number | undefined;
  const closeAt = (nowMs: number): void => {
    const sinceMs = idleSinceMs;
    if (sinceMs === undefined) return;
    const idle = [...waiting].find((one) => nowMs - Math.max(sinceMs, one.askedMs) > boundMs);
    if (idle) violations.push(idleFor(idle, sinceMs, nowMs));
    if (idle) idleSinceMs = undefined;
  };
  for (const moment of momentsOf(spans)) {
    closeAt(moment.atMs);
    if (move(moment, waiting, holding)) idleSinceMs = undefined;
    idleSinceMs = couldHold(waiting, holding) ? (idleSinceMs ?? moment.atMs) : undefined;
  }
  closeAt(endMs);
  return violations;
}

/** Brings the two sets up to the moment. True where it was a grant. */
function move({ kind, span }: Moment, waiting: Set<RequestSpan>, holding: Set<RequestSpan>): boolean {
  if (kind === 'ask') {
    if (span.waits) waiting.add(span);
    // One whose outcome is never known may hold as soon as it was asked.
    if (span.outcome === 'unknown') holding.add(span);
  } else if (kind === 'end') {
    holding.delete(span);
  } else {
    waiting.delete(span);
    if (span.outcome === 'granted' && span.endMs > span.answeredMs) holding.add(span);
  }
  return kind === 'answer' && span.outcome === 'granted';
}

function couldHold(waiting: ReadonlySet<RequestSpan>, holding: ReadonlySet<RequestSpan>): boolean {
  if (waiting.size === 0) return false;
  const held = weightOf(holding);
  const firstQueuedMs = Math.min(...[...waiting].map((one) => one.queuedMs));
  // Whoever asked after another was acknowledged stands behind it; any of the rest may be first.
  return [...waiting].every((one) => one.askedMs > firstQueuedMs || held + one.weight <= one.capacity);
}

function weightOf(spans: Iterable<RequestSpan>): number {
  let sum = 0;
  for (const { weight } of spans) sum += weight;
  return sum;
}

function idleFor(idle: RequestSpan, sinceMs: number, nowMs: number): Violation {
  const forMs = nowMs - Math.max(sinceMs, idle.askedMs);
  return {
    kind: 'idle',
    key: idle.key,
    atMs: nowMs,
    requests: [idle.request],
    message: `request ${idle.request} waited for ${forMs} ms while it could have held`,
  };
}

/**
 * Requests that were granted before one whose place in the line had been acknowledged before they were even asked.
 * Where both fit at the same time, either may come first.
 */
export function overtakes(spans: readonly RequestSpan[]): Violation[] {
  const violations: Violation[] = [];
  const waiting = new Set<RequestSpan>();
  const holding = new Set<RequestSpan>();
  for (const moment of momentsOf(spans)) {
    const { span } = moment;
    if (moment.kind === 'answer' && span.outcome === 'granted') {
      const surely = [...holding].filter(
        (one) => one.outcome === 'granted' && one.answeredMs <= span.askedMs,
      );
      const held = weightOf(surely);
      const overtaken = [...waiting].find((one) => isOvertaken(one, span, held));
      if (overtaken) violations.push(overtaking(overtaken, span));
    }
    move(moment, waiting, holding);
  }
  return violations;
}

/** `held`: the weight that was surely held all the while from the second's asking to its grant. */
function isOvertaken(first: RequestSpan, second: RequestSpan, held: number): boolean {
  const isBefore = first.queuedMs < second.askedMs && first.answeredMs > second.answeredMs;
  // The server granted in the order of the tokens, whatever order the answers came in.
  const wasServedFirst = first.outcome === 'granted' && first.token < second.token;
  return isBefore && !wasServedFirst && held + first.weight + second.weight > first.capacity;
}

function overtaking(first: RequestSpan, second: RequestSpan): Violation {
  return {
    kind: 'overtaking',
    key: second.key,
    atMs: second.answeredMs,
    requests: [first.request, second.request],
    message: `request ${second.request} was granted before ${first.request}, which stood in the line before it was asked`,
  };
}
