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

/** A time in which nothing was granted though somebody could have held, as the one who stood longest in it saw it. */
export interface IdleTime {
  readonly span: RequestSpan;
  readonly sinceMs: number;
  readonly untilMs: number;
}

/**
 * Waiters that stood for longer than `boundMs` while nothing was granted, although whoever can have been first in the
 * line would have fitted beside everybody who may have held: nobody woke them.
 */
export function idleWaits(spans: readonly RequestSpan[], boundMs: number, endMs: number): Violation[] {
  return idleTimes(spans, endMs)
    .filter(({ sinceMs, untilMs }) => untilMs - sinceMs > boundMs)
    .map(idleFor);
}

/** All such times, however short. */
export function idleTimes(spans: readonly RequestSpan[], endMs: number): IdleTime[] {
  const found: IdleTime[] = [];
  const waiting = new Set<RequestSpan>();
  const holding = new Set<RequestSpan>();
  let idleSinceMs: number | undefined;
  let longest: IdleTime | undefined;
  const stand = (who: Iterable<RequestSpan>, nowMs: number): void => {
    for (const span of idleSinceMs === undefined ? [] : who) {
      const sinceMs = Math.max(idleSinceMs!, span.askedMs);
      if (!longest || nowMs - sinceMs > longest.untilMs - longest.sinceMs) {
        longest = { span, sinceMs, untilMs: nowMs };
      }
    }
  };
  const close = (): void => {
    if (longest) found.push(longest);
    longest = undefined;
    idleSinceMs = undefined;
  };
  for (const moment of momentsOf(spans)) {
    const isLeaving = moment.kind === 'answer' && waiting.has(moment.span);
    if (isLeaving) stand([moment.span], moment.atMs);
    const standing = [...waiting];
    const isGrant = move(moment, waiting, holding);
    if (isGrant || !couldHold(waiting, holding)) {
      stand(standing, moment.atMs);
      close();
    }
    if (couldHold(waiting, holding)) idleSinceMs ??= moment.atMs;
  }
  stand(waiting, endMs);
  close();
  return found;
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

function idleFor({ span, sinceMs, untilMs }: IdleTime): Violation {
  return {
    kind: 'idle',
    key: span.key,
    atMs: untilMs,
    requests: [span.request],
    message: `request ${span.request} waited for ${untilMs - sinceMs} ms while it could have held`,
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
