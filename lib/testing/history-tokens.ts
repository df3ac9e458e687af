import { TOKEN_BLOCK } from '../line/store.js';
import type { RequestSpan } from './history.js';
import type { Violation } from './history-checker.js';

/**
 * Tokens that do not grow. Two grants are in order where the first was answered before the second was asked, or where
 * they exclude each other, so that the first must have ended; others may have been granted in either order.
 */
export function tokenFaults(spans: readonly RequestSpan[]): Violation[] {
  const grants = spans.filter((one) => one.outcome === 'granted');
  const byAnswer = [...grants].sort((a, b) => a.answeredMs - b.answeredMs);
  return [...repeated(grants), ...afterAnswer(byAnswer), ...excluding(byAnswer), ...blockFaults(byAnswer)];
}

function repeated(grants: readonly RequestSpan[]): Violation[] {
  const seen = new Map<number, RequestSpan>();
  return grants.flatMap((grant) => {
    const first = seen.get(grant.token);
    seen.set(grant.token, first ?? grant);
    return first ? [fault(first, grant, 'have the same token')] : [];
  });
}

/** Asked after an earlier grant was answered, yet no greater token. */
function afterAnswer(byAnswer: readonly RequestSpan[]): Violation[] {
  const violations: Violation[] = [];
  let answered = 0;
  let greatest: RequestSpan | undefined;
  for (const grant of [...byAnswer].sort((a, b) => a.askedMs - b.askedMs)) {
    for (; byAnswer[answered] && byAnswer[answered]!.answeredMs < grant.askedMs; answered++) {
      greatest = greater(greatest, byAnswer[answered]!);
    }
    if (greatest && greatest.token > grant.token) {
      violations.push(fault(greatest, grant, 'were granted one after the other, but the token fell'));
    }
  }
  return violations;
}

/** Holds that exclude each other follow each other; one sweep for each pair of weights. */
function excluding(byAnswer: readonly RequestSpan[]): Violation[] {
  const greatestOf = new Map<number, RequestSpan>();
  return byAnswer.flatMap((grant) => {
    const earlier = [...greatestOf.values()].filter(
      (one) => one.weight + grant.weight > grant.capacity && one.token > grant.token,
    );
    greatestOf.set(grant.weight, greater(greatestOf.get(grant.weight), grant));
    return earlier.map((one) => fault(one, grant, 'exclude each other, but the token fell'));
  });
}

/** Local hand-offs of one grant use its block of tokens in order, and nobody else uses a token of it. */
function blockFaults(byAnswer: readonly RequestSpan[]): Violation[] {
  const violations: Violation[] = [];
  const byToken = [...byAnswer].sort((a, b) => a.token - b.token);
  const firstOf = new Map<string, RequestSpan>();
  let before: RequestSpan | undefined;
  for (const grant of byToken) {
    const first = firstOf.get(grant.owner);
    if (!first) firstOf.set(grant.owner, grant);
    else if (before!.owner !== grant.owner)
      violations.push(fault(before!, grant, 'share one block of tokens'));
    else if (grant.token - first.token >= TOKEN_BLOCK) {
      violations.push(fault(first, grant, `are of one grant, but ${TOKEN_BLOCK} tokens apart or more`));
    }
    before = grant;
  }
  return violations;
}

function greater(one: RequestSpan | undefined, other: RequestSpan): RequestSpan {
  return one && one.token >= other.token ? one : other;
}

function fault(first: RequestSpan, second: RequestSpan, what: string): Violation {
  return {
    kind: 'token',
    key: second.key,
    atMs: second.answeredMs,
    requests: [first.request, second.request],
    message: `requests ${first.request} (token ${first.token}) and ${second.request} (token ${second.token}) ${what}`,
  };
}
