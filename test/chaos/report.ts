import { cpus } from 'node:os';
import type { RequestSpan } from '../../lib/testing/history.js';
import type { Bounds } from './bounds.js';
import type { Record as Campaigned } from './campaign.js';
import { kindNamed } from './faults.js';
import { coveredMs, meet } from './intervals.js';
import type { Fault, Verdict } from './judge.js';
import { type Shadow, Shadows, sufferedUntilMs } from './shadows.js';

/** What a campaign showed of one kind of fault; of all, under the name `all`. */
export interface Row {
  readonly fault: string;
  readonly title: string;
  readonly times: number;
  /** Grants from its beginning until nobody may wait because of it any more. */
  readonly acquisitions: number;
  readonly overlaps: number;
  /** Two that believed at once because their store forgot. */
  readonly permitted: number;
  readonly regressions: number;
  readonly lostWakeUps: number;
  /** Of other broken promises. */
  readonly others: number;
  /**
   * From the fault, or from the server's return, until somebody was granted a key that stood free, in milliseconds; of
   * those faults that came alone. Null where none did.
   */
  readonly slowestRecoveryMs: number | null;
}

/** What is written down of a campaign. */
export interface Report {
  readonly store: string;
  readonly title: string;
  readonly seed: number;
  readonly minutes: number;
  readonly date: string;
  readonly machine: string;
  readonly watchdogMs: number;
  readonly processes: number;
  readonly requests: number;
  readonly rows: readonly Row[];
  readonly resource: { readonly accepted: number; readonly refused: number; readonly lost: number };
  readonly measured: Measured;
  readonly faults: readonly Fault[];
}

/** Bounds of page 1 as they showed, in milliseconds; null where nothing of the kind happened. */
export interface Measured extends Partial<Bounds> {
  /** The least time between a holder's local deadline, of those that were lost, and the next grant. */
  readonly closestDeadlineMs: number | null;
  /** The longest time in which two believed because their store forgot. */
  readonly longestPermittedMs: number | null;
  /** The longest that a key stood free with somebody waiting while no fault was a reason. */
  readonly longestIdleMs: number | null;
  /** The longest from SIGTERM until the process had ended by itself. */
  readonly slowestExitMs: number | null;
  /** What the machine kept everybody waiting for, in all. */
  readonly stalledMs: number;
}

export function reportOf(campaign: Campaigned, verdict: Verdict): Report {
  const { topology, seed, slots, watchdogMs, resource, startMs, endMs, struck } = campaign;
  const shadows = new Shadows(campaign);
  const kinds = [...new Set(struck.map(({ kind }) => kind))].sort();
  const whole: Shadow = {
    startMs: -Infinity,
    endMs: Infinity,
    keys: 'all',
    fault: { kind: 'all', slot: undefined, startMs, endMs: startMs },
  };
  const rows = [
    { ...rowOf('all', [whole], verdict), title: 'all', times: struck.length, slowestRecoveryMs: null },
    ...kinds.map((kind) => {
      const ofKind = shadows.all.filter(({ fault }) => fault.kind === kind);
      const slowest = slowestRecoveryMs(shadows.aloneOf(kind), verdict.idle);
      return { ...rowOf(kind, ofKind, verdict), title: kindNamed(kind).title, slowestRecoveryMs: slowest };
    }),
  ];
  return {
    store: topology.name,
    title: topology.title,
    seed,
    minutes: round((endMs - startMs) / 60_000, 2),
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, node ${process.version}`,
    watchdogMs,
    processes: slots,
    requests: grantsOf(verdict.spans, 'asked').length,
    rows,
    resource: { accepted: resource.accepted, refused: resource.refusals.length, lost: resource.lost },
    measured: measured(campaign, verdict, shadows),
    faults: verdict.faults,
  };
}

type Counts = Omit<Row, 'title' | 'slowestRecoveryMs'>;

function rowOf(kind: string, shadows: readonly Shadow[], { faults, permitted, spans }: Verdict): Counts {
  const within = (atMs: number, key: string): boolean => shadows.some((one) => touches(one, atMs, key));
  const count = (...of: Fault['kind'][]): number =>
    faults.filter((one) => of.includes(one.kind) && within(one.atMs, one.key)).length;
  const all = count('overlap', 'token', 'idle', 'fence', 'update', 'late', 'error', 'exit', 'leftover');
  const [overlaps, regressions, lostWakeUps] = [count('overlap', 'fence'), count('token'), count('idle')];
  return {
    fault: kind,
    times: shadows.length,
    acquisitions: grantsOf(spans, 'granted').filter(({ answeredMs, key }) => within(answeredMs, key)).length,
    overlaps,
    permitted: permitted.filter(({ atMs, key }) => within(atMs, key)).length,
    regressions,
    lostWakeUps,
    others: all - overlaps - regressions - lostWakeUps,
  };
}

function touches({ startMs, endMs, keys }: Shadow, atMs: number, key: string): boolean {
  return startMs <= atMs && atMs <= endMs && (keys === 'all' || key === '' || keys.has(key));
}

function slowestRecoveryMs(shadows: readonly Shadow[], idle: Verdict['idle']): number | null {
  if (shadows.length === 0) return null;
  let slowest = 0;
  for (const shadow of shadows) {
    for (const { span, sinceMs, untilMs } of idle) {
      if (shadow.keys !== 'all' && !shadow.keys.has(span.key)) continue;
      if (!meet(shadow, { startMs: sinceMs, endMs: untilMs })) continue;
      slowest = Math.max(slowest, untilMs - Math.max(sinceMs, sufferedUntilMs(shadow.fault)));
    }
  }
  return round(slowest);
}

function grantsOf(spans: Verdict['spans'], what: 'asked' | 'granted'): RequestSpan[] {
  const all = [...spans.values()].flat();
  return what === 'asked' ? all : all.filter(({ outcome }) => outcome === 'granted');
}

function measured(campaign: Campaigned, { permitted, idle, spans }: Verdict, shadows: Shadows): Measured {
  const free = idle
    .filter(
      ({ span, sinceMs, untilMs }) =>
        !shadows.over(span.key).some((one) => meet(one, { startMs: sinceMs, endMs: untilMs })),
    )
    .map(({ sinceMs, untilMs }) => {
      const stood = { startMs: sinceMs, endMs: untilMs };
      return untilMs - sinceMs - coveredMs(stood, shadows.stalls);
    });
  const left = campaign.lives.filter(({ leftMs, exitMs }) => leftMs !== undefined && exitMs !== undefined);
  return {
    ...rounded(campaign.bounds),
    closestDeadlineMs: least(closeness(campaign, spans)),
    longestPermittedMs: most(permitted.map(({ ms }) => ms)),
    longestIdleMs: most(free),
    slowestExitMs: most(left.map(({ leftMs, exitMs }) => exitMs! - leftMs!)),
    stalledMs: round(campaign.stalls.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0)),
  };
}

function rounded(bounds: Bounds | undefined): Partial<Bounds> {
  if (!bounds) return {};
  const { lostMessageMs, deadHeadMs, deadHeadsMs } = bounds;
  const whole = (ms: number | null): number | null => (ms === null ? null : round(ms));
  return {
    lostMessageMs: whole(lostMessageMs),
    deadHeadMs: whole(deadHeadMs),
    deadHeadsMs: whole(deadHeadsMs),
  };
}

/** From the end of each hold that was lost to the next grant of its key, where the two exclude each other. */
function closeness({ history }: Campaigned, spans: Verdict['spans']): number[] {
  const lost = new Set(history.filter(({ kind }) => kind === 'lost').map(({ request }) => request));
  const gaps: number[] = [];
  for (const ofKey of spans.values()) {
    const grants = ofKey.filter(({ outcome }) => outcome === 'granted').sort((a, b) => a.token - b.token);
    for (const [index, { request, endMs, weight, capacity }] of grants.entries()) {
      const next = grants[index + 1];
      if (next && lost.has(request) && weight + next.weight > capacity) gaps.push(next.answeredMs - endMs);
    }
  }
  return gaps;
}

const least = (of: readonly number[]): number | null =>
  of.length === 0 ? null : round(of.reduce((a, b) => Math.min(a, b)));
const most = (of: readonly number[]): number | null =>
  of.length === 0 ? null : round(of.reduce((a, b) => Math.max(a, b)));

function round(value: number, digits = 1): number {
  return Number(value.toFixed(digits));
}
