import type { Clock } from '../util/clock.js';

/**
 * One thing that a client saw or did. A history is a list of them, of all clients, with times on one clock; its order
 * does not matter.
 *
 *   asked ──queued──► in the line ──granted──► holds ──released or lost, or its deadline passes──► over ──freed──► answered
 *   asked ──► busy (no wait) · timedOut (with a wait, or aborted) · unknown (an error: it may or may not hold)
 */
export type LockEvent = { readonly request: number; readonly atMs: number } & (
  | ({ readonly kind: 'asked' } & Asked)
  /** The store acknowledged a place in the line. */
  | { readonly kind: 'queued' }
  /** `untilMs`: the local deadline. */
  | {
      readonly kind: 'granted';
      readonly owner: string;
      readonly token: number;
      readonly untilMs?: number | undefined;
    }
  | { readonly kind: 'renewed'; readonly untilMs: number }
  /** The holder was told that it holds no more. */
  | { readonly kind: 'lost' }
  /** Release was called; `freed`: it was answered. */
  | { readonly kind: 'released' | 'freed' }
  | { readonly kind: 'busy' | 'timedOut' }
  /** `untilMs`: when it can hold no more, if that is known (withdrawn, or its lease is over). */
  | { readonly kind: 'unknown'; readonly untilMs?: number | undefined }
);

/** What a request asks for. */
export interface Asked {
  readonly client: string;
  readonly key: string;
  /** How much may be held at once: 1 for a mutex. */
  readonly capacity: number;
  readonly weight: number;
  /** False where it is one attempt. */
  readonly waits: boolean;
}

/** All that is known of one request, put together from its events. */
export interface RequestSpan extends Asked {
  readonly request: number;
  readonly askedMs: number;
  /** Infinity where it was never acknowledged. */
  readonly queuedMs: number;
  /** When it was answered: granted, refused or given up. Infinity where it never was. */
  readonly answeredMs: number;
  readonly outcome: 'granted' | 'busy' | 'timedOut' | 'unknown' | 'none';
  readonly owner: string;
  readonly token: number;
  /**
   * The end of the hold as its holder saw it: the earliest of release called, told lost, local deadline. For an
   * unknown outcome, when it can hold no more.
   */
  readonly endMs: number;
  /** When the end was answered by the store; Infinity where it was not. */
  readonly freedMs: number;
}

/** Writes a history while it happens. */
export interface HistoryRecorder {
  readonly events: readonly LockEvent[];
  /** Notes that a client asks; returns the request's number for what follows. */
  asked(asked: Asked): number;
  /** Notes that something happened to the request, now. */
  note(request: number, what: Happening): void;
}

/** An event without what the recorder knows. */
export type Happening = LockEvent extends infer E
  ? E extends LockEvent
    ? Omit<E, 'request' | 'atMs'>
    : never
  : never;

/** Starts an empty history; its moments are read from `clock`. */
export function recordHistory(clock: Clock): HistoryRecorder {
  const events: LockEvent[] = [];
  let requests = 0;
  const note = (request: number, what: Happening): void => {
    events.push({ ...what, request, atMs: clock.nowMs() } as LockEvent);
  };
  return {
    events,
    note,
    asked: (asked) => {
      note(++requests, { kind: 'asked', ...asked });
      return requests;
    },
  };
}

type Draft = { -readonly [Field in keyof RequestSpan]: RequestSpan[Field] } & { untilMs: number };

/** Puts each request's events together, by key. @throws TypeError where a request has no `asked`, or two answers */
export function spansByKey(history: readonly LockEvent[]): Map<string, RequestSpan[]> {
  const drafts = new Map<number, Draft>();
  const inOrder = [...history].sort((a, b) => a.atMs - b.atMs || rank(a) - rank(b));
  for (const event of inOrder) {
    if (event.kind === 'asked') drafts.set(event.request, draftOf(event));
    else apply(drafts.get(event.request), event);
  }
  const byKey = new Map<string, RequestSpan[]>();
  for (const { untilMs, ...span } of drafts.values()) {
    const spans = byKey.get(span.key) ?? [];
    spans.push({ ...span, endMs: Math.min(span.endMs, untilMs) });
    byKey.set(span.key, spans);
  }
  return byKey;
}

/** Events of one request at one moment happened in the order of its life. */
function rank({ kind }: LockEvent): number {
  const life = [
    'asked',
    'queued',
    'busy',
    'timedOut',
    'unknown',
    'granted',
    'renewed',
    'lost',
    'released',
    'freed',
  ];
  return life.indexOf(kind);
}

function draftOf(event: LockEvent & { kind: 'asked' }): Draft {
  const { request, atMs, client, key, capacity, weight, waits } = event;
  const never = {
    queuedMs: Infinity,
    answeredMs: Infinity,
    endMs: Infinity,
    freedMs: Infinity,
    untilMs: Infinity,
  };
  const asked = { request, client, key, capacity, weight, waits, askedMs: atMs };
  return { ...asked, ...never, outcome: 'none', owner: '', token: NaN };
}

type Answer = Extract<LockEvent, { kind: 'granted' | 'busy' | 'timedOut' | 'unknown' }>;
type Later = Exclude<LockEvent, Answer | { kind: 'asked' }>;

function apply(draft: Draft | undefined, event: Answer | Later): void {
  if (!draft)
    throw new TypeError(`History: request ${event.request} is "${event.kind}" but was never asked.`);
  if (isAnswer(event)) answer(draft, event);
  else follow(draft, event);
}

function isAnswer(event: Answer | Later): event is Answer {
  return ['granted', 'busy', 'timedOut', 'unknown'].includes(event.kind);
}

function answer(draft: Draft, event: Answer): void {
  if (draft.outcome !== 'none') throw new TypeError(`History: request ${event.request} was answered twice.`);
  draft.outcome = event.kind;
  draft.answeredMs = event.atMs;
  if (event.kind === 'granted' || event.kind === 'unknown') draft.untilMs = event.untilMs ?? Infinity;
  if (event.kind !== 'granted') return;
  draft.owner = event.owner;
  draft.token = event.token;
}

function follow(draft: Draft, event: Later): void {
  if (event.kind === 'queued') draft.queuedMs = Math.min(draft.queuedMs, event.atMs);
  else if (event.kind === 'renewed') draft.untilMs = event.untilMs;
  else if (event.kind === 'freed') draft.freedMs = event.atMs;
  else draft.endMs = Math.min(draft.endMs, event.atMs);
}
