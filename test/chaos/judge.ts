import type { RequestSpan } from '../../lib/testing/history.js';
import { spansByKey } from '../../lib/testing/history.js';
import type { Violation } from '../../lib/testing/history-checker.js';
import { overlaps } from '../../lib/testing/history-overlaps.js';
import { tokenFaults } from '../../lib/testing/history-tokens.js';
import { type IdleTime, idleTimes } from '../../lib/testing/history-waiting.js';
import type { Record as Campaigned } from './campaign.js';
import { kindNamed } from './faults.js';
import { Forgetting } from './forgetting.js';
import { coveredMs } from './intervals.js';
import { Shadows } from './shadows.js';

/** A promise that was broken, with what else can be broken than a history tells. */
export interface Fault extends Omit<Violation, 'kind'> {
  readonly kind:
    | Violation['kind']
    /** Refused by the resource while it believed; an accepted update that is gone. */
    | 'fence'
    | 'update'
    /** Granted when its deadline had passed. */
    | 'late'
    /** A request that failed though nothing had happened; a process that did not end by itself; something left. */
    | 'error'
    | 'exit'
    | 'leftover';
}

export interface Verdict {
  readonly faults: readonly Fault[];
  /** Pairs that believed at once because their store forgot, as page 1 permits, and for how long at most. */
  readonly permitted: readonly { readonly key: string; readonly atMs: number; readonly ms: number }[];
  readonly spans: ReadonlyMap<string, readonly RequestSpan[]>;
  readonly idle: readonly IdleTime[];
}

/** The look of a waiter that was told nothing, and what a busy machine may add to what is measured. */
const LOOK_MS = 750;
const MARGIN_MS = 1_500;
/** A claim of somebody who does not come, and the look of the next. */
const CALM_BOUND_MS = 1_000 + LOOK_MS;

/** What a busy machine may put between an answer and the line that tells of it. */
const LATE_MS = 50;

/** Whoever had less patience, and was not answered in that time, cannot tell a busy machine from a server that is down. */
const SHORT_MS = 1_000;

/** Looks for broken promises in all that is known of a campaign. */
export function judge(campaign: Campaigned): Verdict {
  const spans = spansByKey(campaign.history);
  const shadows = new Shadows(campaign);
  const forgetting = new Forgetting(campaign, shadows, spans);
  const idle = [...spans.values()].flatMap((one) => idleTimes(one, campaign.endMs));
  const faults: Fault[] = [
    ...[...spans.values()].flatMap((one) => [...overlaps(one), ...tokenFaults(one)]),
    ...idle.flatMap((one) => lostWakeUp(one, shadows)),
    ...lateGrants(campaign, shadows),
    ...ofBounds(campaign),
    ...ofTheResource(campaign, spans),
    ...ofFailures(campaign, { spans, shadows }),
    ...ofEnds(campaign),
  ];
  return {
    faults: faults.filter((fault) => !forgetting.permits(fault)),
    permitted: forgetting.permitted,
    spans,
    idle,
  };
}

/** Of what a waiter stood, the time is taken off in which a fault could still keep it, or the machine. */
function lostWakeUp({ span, sinceMs, untilMs }: IdleTime, shadows: Shadows): Fault[] {
  const stood = { startMs: sinceMs, endMs: untilMs };
  const ms = untilMs - sinceMs - coveredMs(stood, [...shadows.over(span.key), ...shadows.stalls]);
  if (ms <= CALM_BOUND_MS) return [];
  const message = `request ${span.request} waited for ${Math.round(untilMs - sinceMs)} ms while it could have held, ${Math.round(ms)} of them without a reason`;
  return [{ kind: 'idle', key: span.key, atMs: untilMs, requests: [span.request], message }];
}

/** What was measured before the work began. */
function ofBounds({ bounds, topology, startMs }: Campaigned): Fault[] {
  if (!bounds) return [];
  const { deadWaiterMs, deadWaitersMs } = topology.promises;
  const measured = [
    ['untold', bounds.lostMessageMs, LOOK_MS],
    ['behind one dead request', bounds.deadHeadMs, deadWaiterMs],
    ['behind five dead requests', bounds.deadHeadsMs, deadWaitersMs],
  ] as const;
  return measured.flatMap(([where, ms, boundMs]): Fault[] => {
    if (ms === null || ms <= boundMs + MARGIN_MS) return [];
    const message = `a lock was given back, and the next one waited for ${Math.round(ms)} ms, ${where}`;
    return [{ kind: 'idle', key: '', atMs: startMs, requests: [], message }];
  });
}

/** A process may stand still between the answer and its first line; else nobody is given what is over already. */
function lateGrants({ history, struck }: Campaigned, shadows: Shadows): Fault[] {
  return history.flatMap((event) => {
    if (event.kind !== 'granted' || event.untilMs === undefined) return [];
    const { request, atMs, untilMs } = event;
    const slot = shadows.slotOfRequest(request);
    const still = struck.filter((one) => one.slot === slot && kindNamed(one.kind).hits === 'process');
    const ms = atMs - untilMs - coveredMs({ startMs: untilMs, endMs: atMs }, [...still, ...shadows.stalls]);
    if (ms <= LATE_MS) return [];
    const message = `request ${request} was given a hold whose deadline had passed ${Math.round(ms)} ms before`;
    return [{ kind: 'late', key: '', atMs, requests: [request], message }];
  });
}

function ofTheResource(
  { resource, endMs }: Campaigned,
  spans: ReadonlyMap<string, readonly RequestSpan[]>,
): Fault[] {
  const faults: Fault[] = resource.refusals.flatMap(({ key, token, atMs, verb }) => {
    const holder = spans.get(key)?.find((one) => one.outcome === 'granted' && one.token === token);
    if (!holder || atMs >= holder.endMs) return [];
    const message = `request ${holder.request} was refused (${verb}) with token ${token} while it held`;
    return [{ kind: 'fence', key, atMs, requests: [holder.request], message }];
  });
  if (resource.lost === 0) return faults;
  const message = `${resource.lost} accepted writes are not in the value`;
  return [...faults, { kind: 'update', key: '', atMs: endMs, requests: [], message }];
}

function ofFailures(
  { failures }: Campaigned,
  { spans, shadows }: { spans: ReadonlyMap<string, readonly RequestSpan[]>; shadows: Shadows },
): Fault[] {
  const askedMs = new Map([...spans.values()].flat().map((one) => [one.request, one.askedMs]));
  return failures.flatMap(({ failed, atMs, code, text }) => {
    const isShort = atMs - askedMs.get(failed)! < SHORT_MS;
    const isExplained = code === 'LOCK_STORE' && (isShort || shadows.couldFail(failed, atMs));
    if (isExplained) return [];
    return [{ kind: 'error', key: '', atMs, requests: [failed], message: `request ${failed}: ${text}` }];
  });
}

function ofEnds({ lives, leftovers, endMs }: Campaigned): Fault[] {
  const stuck = lives.filter(({ leftMs, status }) => leftMs !== undefined && status !== 0);
  return [
    ...stuck.map(({ slot, leftMs, status }): Fault => {
      const message = `process ${slot} was asked to end, and ended with ${status ?? 'nothing, after 30 s'}`;
      return { kind: 'exit', key: '', atMs: leftMs!, requests: [], message };
    }),
    ...leftovers.map((key): Fault => ({
      kind: 'leftover',
      key,
      atMs: endMs,
      requests: [],
      message: 'the key was not free when all had gone',
    })),
  ];
}
