import type { RequestSpan } from '../../../lib/testing/history.js';

interface Command {
  readonly span: RequestSpan;
  readonly what: 'take' | 'free' | 'busy' | 'ghost' | 'bury';
  readonly callMs: number;
  readonly answerMs: number;
}

interface State {
  readonly held: ReadonlySet<RequestSpan>;
  readonly lastToken: number;
}

/** Tries every order of the commands, by definition and without a thought for speed. */
export function hasAnyOrder(spans: readonly RequestSpan[]): boolean {
  return search(spans.flatMap(commandsOf), { held: new Set(), lastToken: -1 }, spans);
}

function commandsOf(span: RequestSpan): Command[] {
  const { askedMs, answeredMs, endMs, freedMs, outcome } = span;
  const take = { span, callMs: askedMs, answerMs: answeredMs };
  if (outcome === 'busy') return [{ ...take, what: 'busy' }];
  if (outcome === 'unknown') return [{ span, what: 'ghost', callMs: askedMs, answerMs: endMs }];
  if (outcome !== 'granted') return [];
  const free: Command = { span, what: 'free', callMs: endMs, answerMs: freedMs };
  return endMs === Infinity ? [{ ...take, what: 'take' }] : [{ ...take, what: 'take' }, free];
}

function search(left: readonly Command[], state: State, spans: readonly RequestSpan[]): boolean {
  if (left.every(isOptional)) return true;
  const firstAnswerMs = Math.min(...left.map((one) => one.answerMs));
  return left.some((command) => {
    const rest = left.filter((one) => one !== command);
    // A ghost may also never have happened.
    if (command.what === 'ghost' && search(rest, state, spans)) return true;
    if (command.callMs > firstAnswerMs) return false;
    const after = apply(command, state, spans);
    if (!after) return false;
    const bury: Command = { ...command, what: 'bury' };
    return search(command.what === 'ghost' ? [...rest, bury] : rest, after, spans);
  });
}

function isOptional({ what, answerMs }: Command): boolean {
  return what === 'ghost' || answerMs === Infinity;
}

function apply(command: Command, state: State, spans: readonly RequestSpan[]): State | undefined {
  const { span, what } = command;
  const { held, lastToken } = state;
  if (what === 'free' || what === 'bury') {
    return held.has(span) ? { lastToken, held: new Set([...held].filter((one) => one !== span)) } : undefined;
  }
  const sum = [...held].reduce((weight, one) => weight + one.weight, 0);
  const fits = sum + span.weight <= span.capacity;
  if (what === 'busy') return !fits || isBehindWaiter(span, spans) ? state : undefined;
  return fits ? hold(command, state) : undefined;
}

function hold({ span, what }: Command, { held, lastToken }: State): State | undefined {
  const after = new Set([...held, span]);
  if (what === 'ghost') return { held: after, lastToken };
  return span.token > lastToken ? { held: after, lastToken: span.token } : undefined;
}

function isBehindWaiter(span: RequestSpan, spans: readonly RequestSpan[]): boolean {
  return spans.some(
    (one) =>
      one.waits && one.outcome !== 'busy' && one.askedMs <= span.answeredMs && one.answeredMs >= span.askedMs,
  );
}
