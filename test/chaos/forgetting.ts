import type { RequestSpan } from '../../lib/testing/history.js';
import type { Record as Campaigned } from './campaign.js';
import { coveredMs } from './intervals.js';
import type { Fault } from './judge.js';
import type { Shadows } from './shadows.js';

/** What a busy machine may add to a renewal period. */
const MARGIN_MS = 500;

/**
 * What page 1 permits where a store forgets its grants: whoever held before and whoever is granted afterwards may
 * believe at once, for up to one renewal period; longer only where the first could not hear of it, being stopped or cut
 * off, and then up to its local deadline, which ends its hold in the history.
 *
 * Where a connection is what holds, its end is forgetting too: for as long as its owner takes to hear of it.
 */
export class Forgetting {
  readonly permitted: { readonly key: string; readonly atMs: number; readonly ms: number }[] = [];
  private readonly byRequest = new Map<number, RequestSpan>();

  constructor(
    private readonly campaign: Campaigned,
    private readonly shadows: Shadows,
    spans: ReadonlyMap<string, readonly RequestSpan[]>,
  ) {
    for (const span of [...spans.values()].flat()) this.byRequest.set(span.request, span);
  }

  /** True where the fault is no more than that. */
  permits({ kind, requests, key, atMs }: Fault): boolean {
    if (kind !== 'overlap' && kind !== 'token' && kind !== 'fence') return false;
    const involved = requests.map((request) => this.byRequest.get(request)!);
    if (kind === 'fence') return this.isBesideAnother(involved[0]!);
    const last = involved.at(-1)!;
    const others = involved.slice(0, -1);
    if (!others.every((other) => this.isPermitted(other, last))) return false;
    if (kind === 'overlap') {
      const ms = Math.max(...others.map((other) => besideMs(other, last)));
      this.permitted.push({ key, atMs, ms });
    }
    return true;
  }

  /** Refused because another had come, as may happen to the first of such two. */
  private isBesideAnother(first: RequestSpan): boolean {
    return [...this.byRequest.values()].some(
      (other) => other !== first && other.key === first.key && this.isPermitted(first, other),
    );
  }

  private isPermitted(one: RequestSpan, other: RequestSpan): boolean {
    const [first, second] = one.token < other.token ? [one, other] : [other, one];
    const ms = besideMs(first, second);
    if (ms <= 0) return false;
    const { topology, struck, watchdogMs } = this.campaign;
    const slot = this.shadows.slotOfRequest(first.request);
    const forgot = struck.filter(
      (one) =>
        topology.forgetting.includes(one.kind) &&
        (one.slot === undefined || one.slot === slot) &&
        first.askedMs <= one.endMs &&
        second.answeredMs >= one.startMs,
    );
    if (forgot.length === 0) return false;
    // What ends one connection is told to its owner by that.
    const renewalMs = forgot.some((one) => one.slot === undefined) ? watchdogMs / 3 : 0;
    const startMs = Math.max(first.answeredMs, second.answeredMs);
    const reasons = [...(renewalMs > 0 ? this.shadows.ofSlot(slot) : []), ...this.shadows.stalls];
    return ms - coveredMs({ startMs, endMs: startMs + ms }, reasons) <= renewalMs + MARGIN_MS;
  }
}

function besideMs(one: RequestSpan, other: RequestSpan): number {
  return Math.min(one.endMs, other.endMs) - Math.max(one.answeredMs, other.answeredMs);
}
